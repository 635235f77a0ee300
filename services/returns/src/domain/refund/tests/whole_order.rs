//! A whole order goes back in any number of returns, in any order of steps, and every unit meets its own
//! fate: what is paid adds up to what was captured, to the minor unit.

use postlude_kernel::{Currency, IdSource, SeededIds};

use super::*;
use crate::domain::{
    order::{OrderLine, Shipment},
    policy::{Answer, DecisionSource, LineAnswer, Outcome, Request, RequestedLine, price},
    return_request::{
        Command, Disposition, Judgement, Method, Moment, Opening, RefundMethod, RefundState,
        Return, decide, open,
    },
    terms::tests::at,
};

/// No decimals, two, three.
const CURRENCIES: [&str; 3] = ["JPY", "EUR", "KWD"];

/// What becomes of units of a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Refunded,
    /// Asked for, refused by the payment system, asked for again.
    FailedFirst,
    Kept,
    Rejected,
    Missing,
}

#[derive(Debug, Clone)]
struct Shop {
    order: Order,
    /// Returns: per line the units with their fate.
    returns: Vec<Vec<(usize, u32, Fate)>>,
    /// Which return takes its next step.
    turns: Vec<prop::sample::Index>,
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![
        5 => Just(Fate::Refunded),
        2 => Just(Fate::FailedFirst),
        1 => Just(Fate::Kept),
        1 => Just(Fate::Rejected),
        1 => Just(Fate::Missing),
    ]
}

fn shops() -> impl Strategy<Value = Shop> {
    let lines = prop::collection::vec((1_u32..9, 0_i64..3_000_000, 0_i64..600_000), 1..5);
    let money = (0_usize..3, 0_i64..20_000, 0_i64..4_000);
    let parts = prop::collection::vec((any::<prop::sample::Index>(), 1_u32..5, fates()), 0..40);
    let turns = prop::collection::vec(any::<prop::sample::Index>(), 0..200);
    (lines, money, parts, turns).prop_map(|(lines, money, parts, turns)| {
        let mut order = order();
        let (currency, shipping, shipping_tax) = money;
        order.currency = Currency::parse(CURRENCIES[currency]).unwrap();
        order.shipping_charge = shipping;
        order.standard_shipping_charge = shipping;
        order.shipping_tax = if shipping == 0 { 0 } else { shipping_tax };
        let sold = order.lines[0].clone();
        order.lines = lines
            .iter()
            .enumerate()
            .map(|(index, (quantity, net, tax))| OrderLine {
                line_id: index.to_string(),
                quantity: *quantity,
                net: *net,
                tax: *tax,
                ..sold.clone()
            })
            .collect();
        order.shipments = vec![Shipment {
            lines: order
                .lines
                .iter()
                .map(|line| (line.line_id.clone(), line.quantity))
                .collect(),
            shipped: order.placed,
            delivered: Some(order.placed),
            returning: false,
        }];
        order.payments = vec![Payment {
            kind: PaymentKind::Captured,
            tender_id: String::new(),
            amount: order
                .lines
                .iter()
                .map(|line| line.net + line.tax)
                .sum::<i64>()
                + order.shipping_charge
                + order.shipping_tax,
        }];
        // Parts as they were drawn, then whatever is left of each line, refunded.
        let mut left: Vec<u32> = order.lines.iter().map(|line| line.quantity).collect();
        let mut returns: Vec<Vec<(usize, u32, Fate)>> = Vec::new();
        for (at, units, fate) in parts {
            let line = at.index(left.len());
            let units = units.min(left[line]);
            if units == 0 {
                continue;
            }
            left[line] -= units;
            let taken = |parts: &Vec<(usize, u32, Fate)>| parts.iter().any(|part| part.0 == line);
            match returns.last_mut() {
                Some(parts) if !taken(parts) && units % 2 == 0 => parts.push((line, units, fate)),
                _ => returns.push(vec![(line, units, fate)]),
            }
        }
        for (line, units) in left.into_iter().enumerate().filter(|(_, units)| *units > 0) {
            returns.push(vec![(line, units, Fate::Refunded)]);
        }
        Shop {
            order,
            returns,
            turns,
        }
    })
}

struct Books {
    order: Order,
    returnable: Vec<ReturnableLine>,
    payment: RefundablePayment,
    paid: Breakdown,
}

/// One return on its way, a step at a time.
struct Way {
    asked: Vec<String>,
    fates: Vec<Fate>,
    state: Return,
    /// What the last plan took out of the lines.
    allocations: Vec<Allocation>,
    failed: bool,
    done: bool,
}

impl Way {
    fn is(&self, fate: Fate, line_id: &str) -> bool {
        let units = self.asked.iter().position(|asked| asked == line_id);
        units.is_some_and(|at| self.fates[at] == fate)
    }
}

fn moment(ids: &dyn IdSource) -> Moment<'_> {
    Moment {
        now: at("2026-03-10T00:00:00Z"),
        ids,
    }
}

impl Books {
    fn open(&mut self, parts: &[(usize, u32, Fate)], ids: &dyn IdSource) -> Way {
        let request = Request {
            lines: parts
                .iter()
                .map(|(line, units, _)| RequestedLine {
                    line_id: line.to_string(),
                    quantity: *units,
                    reason: ReturnReason::Withdrawal,
                    comment: String::new(),
                    unsealed: false,
                })
                .collect(),
            method: Method::Mail,
            refund_method: RefundMethod::Original,
        };
        let answer = Answer {
            lines: parts
                .iter()
                .map(|(_, _, fate)| LineAnswer {
                    outcome: Outcome::Approved,
                    restocking_fee: 0,
                    return_shipping_fee: 0,
                    refund_shipping: true,
                    statutory_withdrawal: true,
                    keep_item: *fate == Fate::Kept,
                    return_by: None,
                    reasons: Vec::new(),
                })
                .collect(),
            reasons: Vec::new(),
        };
        let priced = price(&self.order, &request, &answer, &self.returnable, 0);
        for (line, units, _) in parts {
            self.returnable[*line].allocate(*units).unwrap();
        }
        let opening = Opening {
            order: &self.order,
            request: &request,
            answer: &priced,
            decision: &DecisionSource::built_in(),
            quote_id: "",
            claim_id: None,
            gift_recipient: "",
            return_by: at("2026-03-24T00:00:00Z"),
        };
        Way {
            asked: parts.iter().map(|(line, _, _)| line.to_string()).collect(),
            allocations: Vec::new(),
            fates: parts.iter().map(|(_, _, fate)| *fate).collect(),
            state: open(&opening, moment(ids)).state,
            failed: false,
            done: false,
        }
    }

    /// Takes the next step of a return.
    fn step(&mut self, way: &mut Way, ids: &dyn IdSource) {
        let command = if let Some(line) = way
            .state
            .lines
            .iter()
            .find(|line| matches!(line.state, State::Approved | State::InTransit))
            .filter(|line| !way.is(Fate::Missing, &line.line_id))
        {
            Command::Receive(vec![(line.return_line_id.clone(), line.quantity)])
        } else if let Some(line) = way
            .state
            .lines
            .iter()
            .find(|line| matches!(line.state, State::Approved | State::Received))
        {
            // A unit at a time: units whose fate differs split the line.
            let (missing, rejected) = (
                way.is(Fate::Missing, &line.line_id),
                way.is(Fate::Rejected, &line.line_id),
            );
            Command::Inspect(vec![Judgement {
                return_line_id: line.return_line_id.clone(),
                quantity: 1,
                disposition: if missing {
                    Disposition::Missing
                } else {
                    Disposition::Restock
                },
                rejected,
                note: "seen".into(),
            }])
        } else if let Some(refund) = way
            .state
            .refunds
            .iter()
            .find(|refund| refund.state == RefundState::Requested)
        {
            let refund_id = refund.refund_id.clone();
            if way.fates.contains(&Fate::FailedFirst) && !way.failed {
                way.failed = true;
                Command::FailRefund {
                    refund_id,
                    failure: "no".into(),
                }
            } else {
                self.paid = self.paid.plus(&refund.breakdown);
                Command::ConfirmRefund {
                    refund_id,
                    external_reference: String::new(),
                }
            }
        } else {
            let due = way.state.due(false);
            let plans: Vec<Plan> = due
                .iter()
                .map(|due| plan(&self.order, due, &mut self.returnable, &mut self.payment).unwrap())
                .collect();
            if plans.is_empty() {
                way.done = true;
                return;
            }
            way.allocations = plans[0].allocations.clone();
            Command::Refund(plans)
        };
        if let Command::FailRefund { refund_id, .. } = &command {
            let failed = way
                .state
                .refund(refund_id)
                .unwrap()
                .breakdown
                .captured_part();
            release(
                failed,
                &way.allocations,
                &mut self.returnable,
                &mut self.payment,
            );
        }
        way.state = decide(&way.state, command, moment(ids)).unwrap().state;
    }
}

fn whole(order: &Order) -> Breakdown {
    Breakdown {
        net: order.lines.iter().map(|line| line.net).sum(),
        tax: order.lines.iter().map(|line| line.tax).sum(),
        shipping: order.shipping_charge + order.shipping_tax,
        ..Breakdown::zero(order.currency)
    }
}

/// What the units are worth that were not refused: by the shares of their line.
fn worth(shop: &Shop) -> (i64, i64) {
    let units = |line: usize| -> u32 {
        shop.returns
            .iter()
            .flatten()
            .filter(|(of, _, fate)| *of == line && !matches!(fate, Fate::Rejected | Fate::Missing))
            .map(|(_, units, _)| units)
            .sum()
    };
    let lines = shop.order.lines.iter().enumerate();
    lines.fold((0, 0), |(net, tax), (at, line)| {
        let of = |amount| share(shop.order.currency, amount, units(at), line.quantity);
        (net + of(line.net), tax + of(line.tax))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn any_way_back_of_a_whole_order_adds_up_to_what_was_captured(shop in shops()) {
        let ids = SeededIds::new(5);
        let mut books = Books {
            order: shop.order.clone(),
            returnable: shop.order.lines.iter().map(|line| ReturnableLine {
                delivered: line.quantity,
                ..ReturnableLine::new(line.line_id.clone())
            }).collect(),
            payment: RefundablePayment::default(),
            paid: Breakdown::zero(shop.order.currency),
        };
        books.payment.take_in(&shop.order);
        let captured = books.payment.available();
        let mut ways: Vec<Option<Way>> = shop.returns.iter().map(|_| None).collect();
        let drawn: Vec<usize> = shop.turns.iter().map(|turn| turn.index(ways.len())).collect();
        // In the drawn order first, then whoever isn't done.
        let rest = (0..ways.len()).flat_map(|at| std::iter::repeat_n(at, 60));
        for at in drawn.into_iter().chain(rest) {
            match &mut ways[at] {
                None => ways[at] = Some(books.open(&shop.returns[at], &ids)),
                Some(way) if !way.done => books.step(way, &ids),
                Some(_) => {}
            }
            prop_assert!(books.payment.allocated <= captured);
        }
        prop_assert!(ways.iter().flatten().all(|way| way.done));
        let refused = shop.returns.iter().flatten()
            .any(|(_, _, fate)| matches!(fate, Fate::Rejected | Fate::Missing));
        if refused {
            let (net, tax) = worth(&shop);
            prop_assert_eq!((books.paid.net, books.paid.tax), (net, tax));
            prop_assert!(books.paid.shipping <= whole(&shop.order).shipping);
        } else {
            prop_assert_eq!(books.paid, whole(&shop.order));
            prop_assert_eq!(books.payment.available(), 0);
        }
    }
}
