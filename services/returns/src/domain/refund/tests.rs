#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly"
)]

use proptest::prelude::*;

use super::*;
use crate::domain::{
    order::{Payment, PaymentKind},
    return_request::{ReturnReason, State},
    terms::tests::order,
};

fn sold(net: i64, tax: i64, quantity: u32) -> (Order, ReturnableLine, RefundablePayment) {
    let mut order = order();
    order.lines[0].net = net;
    order.lines[0].tax = tax;
    order.lines[0].quantity = quantity;
    order.payments = vec![Payment {
        kind: PaymentKind::Captured,
        tender_id: String::new(),
        amount: net + tax,
    }];
    let mut limit = ReturnableLine::new("1");
    limit.delivered = quantity;
    let mut payment = RefundablePayment::default();
    payment.take_in(&order);
    (order, limit, payment)
}

fn line(quantity: u32, fee: i64) -> ReturnLine {
    ReturnLine {
        return_line_id: format!("rli_{quantity}"),
        line_id: "1".into(),
        quantity,
        reason: ReturnReason::ChangedMind,
        comment: String::new(),
        statutory_withdrawal: false,
        state: State::Inspected,
        received: quantity,
        disposition: None,
        refund: Breakdown {
            restocking_fee: -fee,
            ..Breakdown::zero(order().currency)
        },
        reasons: Vec::new(),
        inspection_note: String::new(),
    }
}

proptest! {
    /// Whatever the split, whatever fails and is asked for again: all units together are worth
    /// exactly what was captured, and never more on the way.
    #[test]
    fn any_sequence_of_partial_refunds_adds_up_to_what_was_captured(
        net in 0_i64..10_000_000,
        tax in 0_i64..2_000_000,
        quantity in 1_u32..60,
        cuts in prop::collection::vec((1_u32..20, any::<bool>()), 1..80),
    ) {
        let (order, mut limit, mut payment) = sold(net, tax, quantity);
        let captured = payment.available();
        let mut paid: Vec<(i64, Vec<Allocation>)> = Vec::new();
        for (units, fails) in cuts {
            let units = units.min(quantity - limit.refunded_units);
            if units == 0 {
                continue;
            }
            let line = line(units, 0);
            let plan = plan(&order, &[&line], std::slice::from_mut(&mut limit), &mut payment).unwrap();
            prop_assert!(payment.allocated <= captured);
            if fails {
                release(plan.breakdown.total(), &plan.allocations, std::slice::from_mut(&mut limit), &mut payment);
            } else {
                paid.push((plan.breakdown.total(), plan.allocations));
            }
        }
        let rest = quantity - limit.refunded_units;
        if rest > 0 {
            let line = line(rest, 0);
            let plan = plan(&order, &[&line], std::slice::from_mut(&mut limit), &mut payment).unwrap();
            paid.push((plan.breakdown.total(), plan.allocations));
        }
        prop_assert_eq!(paid.iter().map(|(total, _)| total).sum::<i64>(), captured);
        prop_assert_eq!(payment.available(), 0);
    }

    /// Fees make a refund smaller, never negative, and splitting a promise loses nothing.
    #[test]
    fn fees_never_take_more_than_there_is(
        net in 0_i64..100_000,
        restocking in 0_i64..200_000,
        way_back in 0_i64..200_000,
        units in 0_u32..30,
        quantity in 1_u32..30,
    ) {
        let breakdown = Breakdown { net, ..Breakdown::zero(order().currency) }
            .less_fees(restocking, way_back);
        prop_assert_eq!(breakdown.total(), (net - restocking - way_back).max(0));
        let (first, rest) = breakdown.split(units, quantity);
        prop_assert_eq!(first.plus(&rest), breakdown);
    }
}

#[test]
fn three_units_of_a_hundred_are_33_33_and_34() {
    let (order, mut limit, mut payment) = sold(100, 0, 3);
    let totals: Vec<i64> = (0..3)
        .map(|_| {
            let line = line(1, 0);
            plan(
                &order,
                &[&line],
                std::slice::from_mut(&mut limit),
                &mut payment,
            )
            .unwrap()
            .breakdown
            .total()
        })
        .collect();
    assert_eq!(totals, [33, 33, 34]);
}

#[test]
fn never_refunds_above_what_is_left_of_the_captured_amount() {
    let (order, mut limit, mut payment) = sold(100, 0, 2);
    payment.refunded_externally = 60;
    let line = line(1, 0);
    let first = plan(
        &order,
        &[&line],
        std::slice::from_mut(&mut limit),
        &mut payment,
    );
    let Err(RefundRefused::ExceedsCaptured {
        requested,
        available,
    }) = first
    else {
        panic!("{first:?}");
    };
    assert_eq!((requested.amount_minor, available.amount_minor), (50, 40));
    assert_eq!((limit.refunded_units, payment.allocated), (0, 0));
}

#[test]
fn a_dispute_blocks_the_refund() {
    let (order, mut limit, mut payment) = sold(100, 0, 2);
    payment.disputed = true;
    let line = line(1, 0);
    assert_eq!(
        plan(
            &order,
            &[&line],
            std::slice::from_mut(&mut limit),
            &mut payment
        ),
        Err(RefundRefused::Disputed)
    );
}

#[test]
fn a_fee_stays_with_the_merchant() {
    let (order, mut limit, mut payment) = sold(1_000, 190, 1);
    let line = line(1, 119);
    let plan = plan(
        &order,
        &[&line],
        std::slice::from_mut(&mut limit),
        &mut payment,
    )
    .unwrap();
    assert_eq!(plan.breakdown.total(), 1_071);
    assert_eq!(payment.allocated, 1_071);
}

#[test]
fn gives_back_no_more_shipping_than_was_paid() {
    let (mut order, mut limit, mut payment) = sold(1_000, 0, 1);
    order.shipping_charge = 900;
    order.shipping_tax = 0;
    order.standard_shipping_charge = 500;
    payment.captured = 1_900;
    let mut line = line(1, 0);
    line.refund.shipping = 900;
    let plan = plan(
        &order,
        &[&line],
        std::slice::from_mut(&mut limit),
        &mut payment,
    )
    .unwrap();
    assert_eq!(plan.breakdown.shipping, 500);
}
