//! An order: what the retailer stated, and what happened to it since.
//!
//! Owns recording, the sums per line and the derived state. Each other command has a file beside
//! this one.

use std::collections::BTreeMap;

use postlude_kernel::Timestamp;

use super::{
    content::{Content, Origin},
    event::{Changed, OrderEvent},
    payment::Payment,
    refusal::{Refusal, check_etag},
    shipment::Shipment,
    tracking::Status,
};

/// An order with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) content: Content,
    /// Units cancelled before shipping, by line.
    pub(crate) cancelled: BTreeMap<String, u32>,
    /// By (time, id).
    pub(crate) payments: Vec<Payment>,
    /// In the order of their recording.
    pub(crate) shipments: Vec<Shipment>,
    /// Counts the changes, from 1 and without gaps.
    pub(crate) revision: i64,
    pub(crate) create_time: Timestamp,
    pub(crate) update_time: Timestamp,
}

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    PartiallyShipped,
    Shipped,
    Delivered,
    Cancelled,
}

/// What became of one line's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) ordered: u32,
    pub(crate) cancelled: u32,
    pub(crate) shipped: u32,
    pub(crate) delivered: u32,
}

impl Tally {
    /// Units that are neither cancelled nor in a shipment.
    pub(crate) const fn open(self) -> u32 {
        self.ordered
            .saturating_sub(self.cancelled)
            .saturating_sub(self.shipped)
    }
}

impl Order {
    /// What became of each line's units, by line id.
    pub(crate) fn tallies(&self) -> BTreeMap<&str, Tally> {
        let mut tallies: BTreeMap<&str, Tally> = self
            .content
            .lines
            .iter()
            .map(|line| {
                let tally = Tally {
                    ordered: line.quantity,
                    cancelled: self.cancelled.get(&line.line_id).copied().unwrap_or(0),
                    ..Tally::default()
                };
                (line.line_id.as_str(), tally)
            })
            .collect();
        for shipment in &self.shipments {
            let delivered = shipment.status() == Status::Delivered;
            for line in &shipment.stated.lines {
                if let Some(tally) = tallies.get_mut(line.line_id.as_str()) {
                    tally.shipped = tally.shipped.saturating_add(line.quantity);
                    if delivered {
                        tally.delivered = tally.delivered.saturating_add(line.quantity);
                    }
                }
            }
        }
        tallies
    }

    /// How far the order has come.
    pub(crate) fn state(&self) -> State {
        let tallies = self.tallies();
        let wanted = |tally: &Tally| tally.ordered.saturating_sub(tally.cancelled);
        if tallies.values().all(|tally| wanted(tally) == 0) {
            State::Cancelled
        } else if tallies
            .values()
            .all(|tally| tally.delivered >= wanted(tally))
        {
            State::Delivered
        } else if tallies.values().all(|tally| tally.shipped >= wanted(tally)) {
            State::Shipped
        } else if tallies.values().any(|tally| tally.shipped > 0) {
            State::PartiallyShipped
        } else {
            State::Open
        }
    }

    /// When the last parcel arrived.
    pub(crate) fn delivered_time(&self) -> Option<Timestamp> {
        self.shipments
            .iter()
            .filter_map(Shipment::delivered_time)
            .max()
    }

    /// One shipment.
    pub(crate) fn shipment(&self, shipment_id: &str) -> Option<&Shipment> {
        self.shipments
            .iter()
            .find(|shipment| shipment.stated.shipment_id == shipment_id)
    }

    /// Whether journeys and timers follow from what happens to it.
    pub(crate) fn is_live(&self) -> bool {
        self.content.origin == Origin::Live
    }
}

/// Records an order, or replaces what the retailer stated before. `None` if nothing changes.
///
/// # Errors
/// [`Refusal`] if the content breaks a rule, the currency changes, or units that were shipped or
/// cancelled would vanish.
pub(crate) fn record(
    before: Option<Order>,
    content: Content,
    etag: &str,
    now: Timestamp,
) -> Result<Option<Changed>, Refusal> {
    check_etag(etag, before.as_ref().map(|order| order.revision))?;
    content.check()?;
    let Some(before) = before else {
        let order = Order {
            content,
            cancelled: BTreeMap::new(),
            payments: Vec::new(),
            shipments: Vec::new(),
            revision: 1,
            create_time: now,
            update_time: now,
        };
        return Ok(Some(Changed {
            order,
            events: vec![OrderEvent::Recorded],
        }));
    };
    if before.content == content {
        return Ok(None);
    }
    if before.content.currency != content.currency {
        return Err(Refusal::CurrencyChanged {
            was: before.content.currency,
            wanted: content.currency,
        });
    }
    let kept: BTreeMap<&str, u32> = content
        .lines
        .iter()
        .map(|line| (line.line_id.as_str(), line.quantity))
        .collect();
    for (line_id, tally) in before.tallies() {
        let settled = tally.cancelled.saturating_add(tally.shipped);
        if kept.get(line_id).copied().unwrap_or(0) < settled {
            return Err(Refusal::LineShipped {
                line_id: line_id.to_owned(),
                settled,
            });
        }
    }
    let mut after = before.clone();
    after.content = content;
    Ok(Some(changed(
        &before,
        after,
        vec![OrderEvent::Recorded],
        now,
    )))
}

/// Puts a pseudonym in the customer's place. `None` if it is there already.
pub(crate) fn pseudonymise(before: &Order, pseudonym: &str, now: Timestamp) -> Option<Changed> {
    if before.content.customer_id == pseudonym {
        return None;
    }
    let mut after = before.clone();
    pseudonym.clone_into(&mut after.content.customer_id);
    Some(changed(before, after, vec![OrderEvent::Recorded], now))
}

/// Closes a change: the next revision, and the order's arrival if this change completed it.
pub(super) fn changed(
    before: &Order,
    mut after: Order,
    mut events: Vec<OrderEvent>,
    now: Timestamp,
) -> Changed {
    after.revision = before.revision.saturating_add(1);
    after.update_time = now;
    if before.state() != State::Delivered
        && after.state() == State::Delivered
        && let Some(delivered_time) = after.delivered_time()
    {
        events.push(OrderEvent::OrderDelivered { delivered_time });
    }
    Changed {
        order: after,
        events,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        cancellation::cancel,
        samples::{at, content, order, stated},
        shipment::{self, LineQuantity},
    };
    use postlude_kernel::Currency;

    #[test]
    fn the_same_content_again_changes_nothing() {
        assert_eq!(record(Some(order()), content(), "", at(20)), Ok(None));
    }

    #[test]
    fn another_content_makes_the_next_revision() {
        let mut content = content();
        content.lines[0].title = "Running shoe".to_owned();
        let changed = record(Some(order()), content, "1", at(20))
            .unwrap()
            .unwrap();
        assert_eq!(changed.order.revision, 2);
        assert_eq!(changed.order.create_time, at(10));
        assert_eq!(changed.order.update_time, at(20));
        assert_eq!(changed.events, [OrderEvent::Recorded]);
    }

    #[test]
    fn refuses_another_currency() {
        let mut content = content();
        let dollar = Currency::parse("USD").unwrap();
        content.currency = dollar;
        content.tenders.clear();
        content.shipping_charge = None;
        for line in &mut content.lines {
            line.line_total.currency = dollar;
            line.tax = None;
        }
        assert!(matches!(
            record(Some(order()), content, "", at(20)),
            Err(Refusal::CurrencyChanged { .. })
        ));
    }

    #[test]
    fn refuses_to_fall_below_what_is_shipped_or_cancelled() {
        let order = shipment::record(&order(), stated("S-1", "1", 2), at(20))
            .unwrap()
            .unwrap()
            .order;
        let one = [LineQuantity {
            line_id: "1".to_owned(),
            quantity: 1,
        }];
        let order = cancel(&order, &one, "", at(30)).unwrap().order;
        let mut fewer = content();
        fewer.lines[0].quantity = 2;
        assert_eq!(
            record(Some(order.clone()), fewer.clone(), "", at(40)),
            Err(Refusal::LineShipped {
                line_id: "1".to_owned(),
                settled: 3
            })
        );
        fewer.lines.remove(0);
        assert!(record(Some(order.clone()), fewer, "", at(40)).is_err());
        let mut without_the_other = content();
        without_the_other.lines.remove(1);
        assert!(record(Some(order), without_the_other, "", at(40)).is_ok());
    }

    #[test]
    fn refuses_an_etag_that_is_not_the_latest() {
        assert!(matches!(
            record(Some(order()), content(), "7", at(20)),
            Err(Refusal::EtagMismatch { .. })
        ));
        assert!(matches!(
            record(None, content(), "1", at(20)),
            Err(Refusal::EtagMismatch { .. })
        ));
    }
}
