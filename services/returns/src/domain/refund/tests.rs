#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod whole_order;

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
        keep_item: false,
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

fn due(line: &ReturnLine) -> Due<'_> {
    Due {
        exchange: None,
        lines: vec![line],
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
            let plan = plan(&order, &due(&line), std::slice::from_mut(&mut limit), &mut payment).unwrap();
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
            let plan = plan(&order, &due(&line), std::slice::from_mut(&mut limit), &mut payment).unwrap();
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
                &due(&line),
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
        &due(&line),
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
            &due(&line),
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
        &due(&line),
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
        &due(&line),
        std::slice::from_mut(&mut limit),
        &mut payment,
    )
    .unwrap();
    assert_eq!(plan.breakdown.shipping, 500);
}

#[test]
fn a_bonus_is_given_on_top_and_counted_by_no_limit() {
    let (order, mut limit, mut payment) = sold(1_000, 190, 1);
    let mut line = line(1, 119);
    line.refund = Breakdown {
        net: 1_000,
        tax: 190,
        ..line.refund
    }
    .with_bonus(1_000);
    assert_eq!(line.refund.bonus, 107);
    let plan = plan(
        &order,
        &due(&line),
        std::slice::from_mut(&mut limit),
        &mut payment,
    )
    .unwrap();
    assert_eq!(plan.breakdown.total(), 1_178);
    assert_eq!(payment.allocated, 1_071);
}

#[test]
fn a_dearer_replacement_is_charged_and_takes_nothing_out_of_the_captured_money() {
    let (order, mut limit, mut payment) = sold(1_000, 190, 1);
    let line = line(1, 0);
    let due = Due {
        exchange: Some(("exc_1", 1_500)),
        lines: vec![&line],
    };
    let plan = plan(&order, &due, std::slice::from_mut(&mut limit), &mut payment).unwrap();
    assert_eq!(plan.breakdown.total(), -310);
    assert_eq!(plan.exchange_id.as_deref(), Some("exc_1"));
    assert_eq!((payment.allocated, limit.refunded_units), (0, 1));
}

#[test]
fn a_favour_keeps_within_what_was_captured() {
    let (order, _, mut payment) = sold(1_000, 190, 1);
    assert_eq!(
        goodwill(order.currency, 1_000, &mut payment)
            .unwrap()
            .breakdown
            .total(),
        1_000
    );
    assert!(matches!(
        goodwill(order.currency, 191, &mut payment),
        Err(RefundRefused::ExceedsCaptured { .. })
    ));
    assert_eq!(payment.available(), 190);
}
