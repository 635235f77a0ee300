//! Goods for goods, favours, credit, and what the customer keeps.

use super::*;

fn replacement(price: i64) -> Vec<Replacement> {
    vec![Replacement {
        sku: "B".into(),
        quantity: 1,
        currency: order().currency,
        net: price,
        tax: 0,
    }]
}

fn instant(state: &Return, price: i64) -> Return {
    done(
        state,
        Command::Exchange(Exchanging {
            exchange_id: "exc_1".into(),
            return_line_ids: Vec::new(),
            replacements: replacement(price),
            how: How::Instant {
                deadline: at("2026-03-24T00:00:00Z"),
            },
        }),
    )
}

fn plain(state: &Return, price: i64) -> Result<Decided, Refused> {
    let lines = exchangeable(state, &[], false)?;
    let due = Due {
        exchange: Some(("exc_1", price)),
        lines: state
            .lines
            .iter()
            .filter(|line| lines.contains(&line.return_line_id))
            .collect(),
    };
    run(
        state,
        Command::Exchange(Exchanging {
            exchange_id: "exc_1".into(),
            return_line_ids: lines,
            replacements: replacement(price),
            how: How::AfterJudging(vec![planned(&due)]),
        }),
    )
}

fn confirmed(state: &Return) -> Decided {
    let refund_id = state.refunds.last().unwrap().refund_id.clone();
    run(
        state,
        Command::ConfirmRefund {
            refund_id,
            external_reference: "p".into(),
        },
    )
    .unwrap()
}

fn failed(state: &Return) -> Return {
    let refund_id = state.refunds.last().unwrap().refund_id.clone();
    done(
        state,
        Command::FailRefund {
            refund_id,
            failure: "declined".into(),
        },
    )
}

fn worth(state: &Return) -> i64 {
    state.lines[0].refund.total()
}

#[test]
fn goods_of_the_same_price_are_exchanged_at_once() {
    let inspected = at_state(State::Inspected);
    let decided = plain(&inspected, worth(&inspected)).unwrap();
    assert_eq!(decided.state.state(), State::Exchanged);
    assert_eq!(decided.state.exchanges[0].state, ExchangeState::Completed);
    assert_eq!(
        decided.events.last(),
        Some(&Event::ExchangeCreated("exc_1".into()))
    );
}

#[test]
fn dearer_goods_ship_once_the_difference_is_paid() {
    let inspected = at_state(State::Inspected);
    let asked = plain(&inspected, worth(&inspected) + 500).unwrap();
    assert_eq!(asked.state.state(), State::Inspected);
    assert_eq!(asked.state.refunds[0].breakdown.total(), -500);
    assert!(
        !asked
            .events
            .contains(&Event::ExchangeCreated("exc_1".into()))
    );
    assert!(asked.state.due(false).is_empty());
    let paid = confirmed(&asked.state);
    assert_eq!(paid.state.state(), State::Exchanged);
    assert!(
        paid.events
            .contains(&Event::ExchangeCreated("exc_1".into()))
    );
}

#[test]
fn a_refused_charge_leaves_the_goods_to_be_refunded() {
    let inspected = at_state(State::Inspected);
    let asked = plain(&inspected, worth(&inspected) + 500).unwrap();
    let refused = failed(&asked.state);
    assert_eq!(refused.exchanges[0].state, ExchangeState::Failed);
    assert_eq!(refused.state(), State::Inspected);
    let refunded = confirmed(&done(&refused, refund(&refused)));
    assert_eq!(refunded.state.state(), State::Refunded);
}

#[test]
fn cheaper_goods_bring_the_difference_back() {
    let inspected = at_state(State::Inspected);
    let asked = plain(&inspected, worth(&inspected) - 300).unwrap();
    assert_eq!(asked.state.refunds[0].breakdown.total(), 300);
    assert_eq!(confirmed(&asked.state).state.state(), State::Exchanged);
}

#[test]
fn an_instant_exchange_ships_first_and_is_settled_once_the_goods_are_judged() {
    let approved = at_state(State::Approved);
    let shipped = instant(&approved, worth(&approved));
    assert_eq!(shipped.exchanges[0].state, ExchangeState::AwaitingGoods);
    assert!(shipped.due(false).is_empty());
    let received = done(&shipped, receive(&shipped, 2));
    let judged = done(
        &received,
        Command::Inspect(vec![judge(&received, 2, Disposition::Restock, false)]),
    );
    let settled = done(&judged, refund(&judged));
    assert_eq!(settled.state(), State::Exchanged);
    assert_eq!(settled.refunds[0].breakdown.total(), 0);
}

#[test]
fn a_rejected_unit_of_an_instant_exchange_is_charged() {
    let approved = at_state(State::Approved);
    let shipped = instant(&approved, 1_000);
    let received = done(&shipped, receive(&shipped, 2));
    let judged = done(
        &received,
        Command::Inspect(vec![judge(&received, 2, Disposition::Discard, true)]),
    );
    let charged = done(&judged, refund(&judged));
    assert_eq!(charged.refunds[0].breakdown.total(), -1_000);
    assert_eq!(charged.state(), State::Rejected);
    assert_eq!(
        confirmed(&charged).state.exchanges[0].state,
        ExchangeState::Completed
    );
}

#[test]
fn units_of_an_instant_exchange_with_two_fates_are_settled_together() {
    let approved = at_state(State::Approved);
    let shipped = instant(&approved, worth(&approved));
    let received = done(&shipped, receive(&shipped, 2));
    let half = done(
        &received,
        Command::Inspect(vec![judge(&received, 1, Disposition::Restock, false)]),
    );
    assert!(half.due(false).is_empty(), "the other unit is not judged");
    let both = done(
        &half,
        Command::Inspect(vec![judge(&half, 1, Disposition::Discard, true)]),
    );
    let due = both.due(false);
    assert_eq!((due.len(), due[0].lines.len()), (1, 1));
    let charged = done(&both, refund(&both));
    assert_eq!(
        charged.refunds[0].breakdown.total(),
        charged
            .lines
            .iter()
            .find(|line| line.state == State::Inspected)
            .unwrap()
            .refund
            .total()
            - worth(&approved)
    );
}

#[test]
fn goods_that_do_not_come_in_time_are_charged_and_free_again() {
    let approved = at_state(State::Approved);
    let shipped = instant(&approved, 1_000);
    // The time to send them is the exchange's own.
    assert!(!run(&shipped, Command::Expire).unwrap().changed);
    let overdue = run(
        &shipped,
        Command::ExchangeOverdue {
            exchange_id: "exc_1".into(),
        },
    )
    .unwrap();
    assert_eq!(overdue.state.lines[0].state, State::Expired);
    assert_eq!(overdue.released["1"], 2);
    let charged = done(&overdue.state, refund(&overdue.state));
    assert_eq!(charged.refunds[0].breakdown.total(), -1_000);
    // A refused charge can be asked for again.
    let refused = failed(&charged);
    assert_eq!(refused.exchanges[0].state, ExchangeState::Failed);
    assert_eq!(done(&refused, refund(&refused)).refunds.len(), 2);
}

#[test]
fn a_return_whose_replacement_is_on_its_way_is_not_cancelled() {
    let shipped = instant(&at_state(State::Approved), 1_000);
    assert_eq!(
        run(&shipped, Command::Cancel),
        Err(Refused::ExchangeOpen("exc_1".into()))
    );
}

#[test]
fn store_credit_ends_credited_with_its_bonus() {
    let approved = opened_for(Outcome::Approved, RefundMethod::StoreCredit, false);
    let bonus = approved.lines[0].refund.bonus;
    assert_eq!(bonus, (worth(&approved) - bonus) / 10);
    let received = done(&approved, receive(&approved, 2));
    let judged = done(
        &received,
        Command::Inspect(vec![judge(&received, 2, Disposition::Restock, false)]),
    );
    let paid = confirmed(&done(&judged, refund(&judged)));
    assert_eq!(paid.state.state(), State::Credited);
}

#[test]
fn what_the_customer_keeps_is_refunded_without_being_awaited() {
    let kept = opened_for(Outcome::Approved, RefundMethod::Original, true);
    assert_eq!((kept.state(), kept.return_by), (State::Inspected, None));
    assert_eq!(kept.lines[0].received, 0);
    let paid = confirmed(&done(&kept, refund(&kept)));
    assert_eq!(paid.state.state(), State::Refunded);

    let review = opened(Outcome::NeedsReview);
    let approved = done(
        &review,
        Command::Approve {
            note: "not worth the postage".into(),
            return_by: at("2026-03-24T00:00:00Z"),
            keep_item: true,
        },
    );
    assert_eq!(
        (approved.state(), approved.return_by),
        (State::Inspected, None)
    );
}

#[test]
fn what_was_accepted_without_a_refund_ends_with_its_judgement() {
    let returned = at_state(State::Returned);
    assert!(returned.due(false).is_empty());
    let approved = opened_for(Outcome::Approved, RefundMethod::None, false);
    assert_eq!(worth(&approved), 0);
    assert_eq!(
        exchangeable(&approved, &[], true),
        Err(Refused::RefundNotDue)
    );
}

#[test]
fn a_favour_is_its_money() {
    let order = order();
    let mut payment = crate::domain::limits::RefundablePayment {
        captured: 1_000,
        ..Default::default()
    };
    let plan = crate::domain::refund::goodwill(order.currency, 500, &mut payment).unwrap();
    let decided = goodwill(
        &Goodwill {
            order: &order,
            refund_method: RefundMethod::Original,
            reason: Reason::new(crate::domain::ReasonSource::Operator, "GOODWILL", "sorry"),
            plan: &plan,
        },
        moment(),
    )
    .unwrap();
    assert_eq!(decided.state.state(), State::Inspected);
    assert_eq!(confirmed(&decided.state).state.state(), State::Refunded);
    assert_eq!(failed(&decided.state).state(), State::Rejected);
}

#[test]
fn lost_goods_are_refunded_only_where_somebody_says_so() {
    let lost = at_state(State::LostInTransit);
    assert!(lost.due(false).is_empty());
    let plans = lost.due(true).iter().map(planned).collect();
    let paid = confirmed(&done(&lost, Command::Refund(plans)));
    assert_eq!(paid.state.state(), State::Refunded);
    // They come after all.
    let found = done(&lost, receive(&lost, 2));
    assert_eq!(found.state(), State::Received);
}
