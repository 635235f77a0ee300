//! Goods for goods: what is given up, what is given for it, and when that is settled.
//!
//! A plain exchange settles the difference in price first, and the replacement ships after that. An
//! instant one ships at once; it is settled when the customer's goods are judged, or when their time
//! has passed. Either way one refund pays the difference: worth of the accepted units less price of
//! the replacement, a charge where that is below zero.

use postlude_kernel::{Currency, Timestamp};

use super::{
    Decided, Event, Moment, Refund, RefundMethod, RefundState, Refused, Return, State, settle::ask,
};
use crate::domain::refund::Plan;

postlude_kernel::id_type!(
    /// An exchange.
    ExchangeId, "exc"
);

/// Goods that are given for goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) exchange_id: String,
    pub(crate) state: ExchangeState,
    pub(crate) return_line_ids: Vec<String>,
    pub(crate) replacements: Vec<Replacement>,
    pub(crate) instant: bool,
    pub(crate) deadline: Option<Timestamp>,
    /// The refund, or charge, of the difference; the last one that was asked for.
    pub(crate) refund_id: Option<String>,
}

/// Where an exchange stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExchangeState {
    AwaitingGoods,
    AwaitingPayment,
    Completed,
    Failed,
}

/// Goods that are given. Amounts in minor units, for all units together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replacement {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
    pub(crate) currency: Currency,
    pub(crate) net: i64,
    pub(crate) tax: i64,
}

/// What somebody wants exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchanging {
    pub(crate) exchange_id: String,
    pub(crate) return_line_ids: Vec<String>,
    pub(crate) replacements: Vec<Replacement>,
    pub(crate) how: How,
}

/// Which goods move first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum How {
    /// The customer's; the plans settle the difference.
    AfterJudging(Vec<Plan>),
    /// The replacement; the customer's must come until then.
    Instant { deadline: Timestamp },
}

impl Exchange {
    /// What the replacement costs, with tax.
    pub(crate) fn price(&self) -> i64 {
        price(&self.replacements)
    }

    /// Whether it is an instant exchange that can be settled now: none of its lines is still awaited,
    /// and no money is under way for it.
    pub(super) fn is_owed(&self, state: &Return) -> bool {
        let awaited = || {
            state
                .lines
                .iter()
                .filter(|line| self.return_line_ids.contains(&line.return_line_id))
                .any(|line| !line.state.is_final() && line.state != State::Inspected)
        };
        match self.state {
            ExchangeState::AwaitingGoods | ExchangeState::Failed => self.instant && !awaited(),
            ExchangeState::AwaitingPayment | ExchangeState::Completed => false,
        }
    }
}

/// What goods cost, with tax.
pub(crate) fn price(replacements: &[Replacement]) -> i64 {
    replacements.iter().fold(0, |sum, line| {
        sum.saturating_add(line.net).saturating_add(line.tax)
    })
}

/// The lines that an exchange may take: all of the wanted ones, or every one that can be if none is
/// named.
///
/// # Errors
/// [`Refused`], if one can't be exchanged, or none can.
pub(crate) fn exchangeable(
    state: &Return,
    wanted: &[String],
    instant: bool,
) -> Result<Vec<String>, Refused> {
    let refused = |at: State| Refused::State {
        state: at,
        verb: "exchanged",
    };
    let can = |line: &super::ReturnLine| {
        let fit = if instant {
            matches!(
                line.state,
                State::Approved | State::LabelIssued | State::InTransit
            ) && line.received == 0
        } else {
            line.state == State::Inspected
        };
        fit && !line.keep_item
            && !state.is_being_refunded(&line.return_line_id)
            && state.instant_exchange_of(&line.return_line_id).is_none()
    };
    if state.refund_method == RefundMethod::None {
        return Err(Refused::RefundNotDue);
    }
    if wanted.is_empty() {
        let all: Vec<String> = state
            .lines
            .iter()
            .filter(|line| can(line))
            .map(|line| line.return_line_id.clone())
            .collect();
        return if all.is_empty() {
            Err(refused(state.state()))
        } else {
            Ok(all)
        };
    }
    for id in wanted {
        let line = state
            .lines
            .iter()
            .find(|line| line.return_line_id == *id)
            .ok_or_else(|| Refused::LineNotFound(id.clone()))?;
        if !can(line) {
            return Err(refused(line.state));
        }
    }
    Ok(wanted.to_vec())
}

/// Opens an exchange; a plain one asks for the difference at once.
pub(super) fn exchange(
    decided: &mut Decided,
    wanted: Exchanging,
    moment: Moment<'_>,
) -> Result<(), Refused> {
    let instant = matches!(wanted.how, How::Instant { .. });
    let return_line_ids = exchangeable(&decided.state, &wanted.return_line_ids, instant)?;
    let exchange_id = wanted.exchange_id;
    decided.state.exchanges.push(Exchange {
        exchange_id: exchange_id.clone(),
        state: ExchangeState::AwaitingGoods,
        return_line_ids,
        replacements: wanted.replacements,
        instant,
        deadline: match &wanted.how {
            How::Instant { deadline } => Some(*deadline),
            How::AfterJudging(_) => None,
        },
        refund_id: None,
    });
    match wanted.how {
        How::Instant { .. } => decided.events.push(Event::ExchangeCreated(exchange_id)),
        How::AfterJudging(plans) => {
            for plan in &plans {
                ask(decided, plan, moment)?;
            }
        }
    }
    Ok(())
}

/// The goods of an instant exchange have not come in time: what is not here is not awaited any more.
pub(super) fn overdue(decided: &mut Decided, exchange_id: &str) {
    let Some(exchange) = decided
        .state
        .exchange(exchange_id)
        .filter(|exchange| exchange.state == ExchangeState::AwaitingGoods)
    else {
        return;
    };
    let lines = exchange.return_line_ids.clone();
    for line in &mut decided.state.lines {
        let awaited = matches!(
            line.state,
            State::Approved | State::LabelIssued | State::InTransit
        );
        if awaited && line.received == 0 && lines.contains(&line.return_line_id) {
            line.state = State::Expired;
            *decided.released.entry(line.line_id.clone()).or_default() += line.quantity;
            decided
                .events
                .push(Event::LineExpired(line.return_line_id.clone()));
        }
    }
}

/// What the end of a refund means for the exchange that it settles.
pub(super) fn settled(decided: &mut Decided, refund: &Refund) {
    let Some(exchange) = refund.exchange_id.as_ref().and_then(|id| {
        decided
            .state
            .exchanges
            .iter_mut()
            .find(|exchange| exchange.exchange_id == *id)
    }) else {
        return;
    };
    match refund.state {
        RefundState::Requested => {}
        RefundState::Confirmed => {
            exchange.state = ExchangeState::Completed;
            if !exchange.instant {
                let id = exchange.exchange_id.clone();
                decided.events.push(Event::ExchangeCreated(id));
            }
        }
        RefundState::Failed => exchange.state = ExchangeState::Failed,
    }
}
