//! Shipments: what left, by whom, and when it should arrive.
//!
//! Where a parcel is follows from its scans: [`super::tracking`].

use std::time::Duration;

use postlude_kernel::Timestamp;

use super::{
    cancellation::check_named_once,
    event::{Changed, DelayCause, OrderEvent},
    order::{Order, changed},
    refusal::Refusal,
    tracking::{Scan, Status, fold},
};

/// Units of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineQuantity {
    pub(crate) line_id: String,
    pub(crate) quantity: u32,
}

/// A shipment as the retailer's system states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stated {
    pub(crate) shipment_id: String,
    pub(crate) lines: Vec<LineQuantity>,
    pub(crate) carrier: String,
    pub(crate) tracking_number: String,
    pub(crate) shipped_time: Timestamp,
    /// The retailer's own estimate; a carrier's later word goes before it.
    pub(crate) estimate: Option<Timestamp>,
}

/// A shipment with its scans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shipment {
    pub(crate) stated: Stated,
    /// By (time, rank, id).
    pub(crate) scans: Vec<Scan>,
    /// The last sign of life, while there has been none for too long.
    pub(crate) stuck_since: Option<Timestamp>,
}

impl Shipment {
    /// Where it is.
    pub(crate) fn status(&self) -> Status {
        fold(&self.scans).status
    }

    /// When it arrived.
    pub(crate) fn delivered_time(&self) -> Option<Timestamp> {
        fold(&self.scans).delivered_time
    }

    /// When it should arrive: the carrier's latest word, else the retailer's.
    pub(crate) fn estimate(&self) -> Option<Timestamp> {
        self.scans
            .iter()
            .rev()
            .find_map(|scan| scan.estimate)
            .or(self.stated.estimate)
    }

    /// When it was last known to move.
    pub(crate) fn last_sign(&self) -> Timestamp {
        self.scans
            .iter()
            .map(|scan| scan.occurred_time)
            .fold(self.stated.shipped_time, Timestamp::max)
    }

    /// When its silence becomes news; `None` if silence means nothing.
    ///
    /// A parcel that is past that time when something is heard of it gets the whole span again:
    /// a retailer who catches up with old scans is not a carrier who is silent.
    pub(crate) fn silent_at(&self, patience: Duration, now: Timestamp) -> Option<Timestamp> {
        self.status().expects_scans().then(|| {
            let due = self.last_sign().plus(patience);
            if due > now { due } else { now.plus(patience) }
        })
    }

    /// Forgets the silence once a sign of life came after it, or none is expected any more.
    pub(super) fn settle_silence(&mut self) {
        let last_sign = self.last_sign();
        let over = |since| since < last_sign;
        if self.stuck_since.is_some_and(over) || !self.status().expects_scans() {
            self.stuck_since = None;
        }
    }
}

/// Records a shipment, or replaces what was stated of it. `None` if nothing changes.
///
/// # Errors
/// [`Refusal`] if a line isn't in the order or has fewer units left for this shipment.
pub(crate) fn record(
    before: &Order,
    stated: Stated,
    now: Timestamp,
) -> Result<Option<Changed>, Refusal> {
    check_named_once("shipment.lines", &stated.lines)?;
    let old = before.shipment(&stated.shipment_id);
    if old.is_some_and(|old| old.stated == stated) {
        return Ok(None);
    }
    check_quantities(before, old, &stated.lines)?;

    let shipment_id = stated.shipment_id.clone();
    let mut after = before.clone();
    let mut events = vec![OrderEvent::ShipmentRecorded {
        shipment_id: shipment_id.clone(),
    }];
    match (old, position(&mut after, &shipment_id)) {
        (Some(old), Some(shipment)) => {
            let other_lines = old.stated.lines != stated.lines;
            shipment.stated = stated;
            shipment.settle_silence();
            events.extend(delay(before, old, shipment));
            // Whoever counts arrived units learns of the new ones as they learned of the old.
            if other_lines && let Some(delivered_time) = shipment.delivered_time() {
                events.push(OrderEvent::ShipmentDelivered {
                    shipment_id,
                    lines: shipment.stated.lines.clone(),
                    delivered_time,
                });
            }
        }
        _ => after.shipments.push(Shipment {
            stated,
            scans: Vec::new(),
            stuck_since: None,
        }),
    }
    Ok(Some(changed(before, after, events, now)))
}

fn check_quantities(
    order: &Order,
    old: Option<&Shipment>,
    lines: &[LineQuantity],
) -> Result<(), Refusal> {
    let tallies = order.tallies();
    for LineQuantity { line_id, quantity } in lines {
        let tally = tallies
            .get(line_id.as_str())
            .ok_or_else(|| Refusal::LineNotFound {
                line_id: line_id.clone(),
            })?;
        let replaced: u32 = old
            .into_iter()
            .flat_map(|old| &old.stated.lines)
            .filter(|line| line.line_id == *line_id)
            .map(|line| line.quantity)
            .sum();
        let open = tally.open().saturating_add(replaced);
        if *quantity > open {
            return Err(Refusal::ShipmentQuantityExceeded {
                line_id: line_id.clone(),
                open,
                wanted: *quantity,
            });
        }
    }
    Ok(())
}

/// What the timer finds when a parcel's patience has run out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Nothing to wait for any more.
    Over,
    /// It moved since; look again at this time.
    Until(Timestamp),
    /// It is stuck.
    Stuck(Box<Changed>),
}

/// Judges a parcel's silence.
pub(crate) fn judge_silence(
    before: &Order,
    shipment_id: &str,
    patience: Duration,
    now: Timestamp,
) -> Silence {
    let Some(shipment) = before.shipment(shipment_id) else {
        return Silence::Over;
    };
    if !before.is_live() || shipment.stuck_since.is_some() || !shipment.status().expects_scans() {
        return Silence::Over;
    }
    let due = shipment.last_sign().plus(patience);
    if due > now {
        return Silence::Until(due);
    }
    let estimate = shipment.estimate();
    let last_sign = shipment.last_sign();
    let mut after = before.clone();
    if let Some(shipment) = position(&mut after, shipment_id) {
        shipment.stuck_since = Some(last_sign);
    }
    let events = vec![OrderEvent::DeliveryDelayed {
        shipment_id: shipment_id.to_owned(),
        cause: DelayCause::Stuck,
        previous_estimate: estimate,
        estimate,
    }];
    Silence::Stuck(Box::new(changed(before, after, events, now)))
}

/// The delay that a change of a shipment means, if it means one.
pub(super) fn delay(order: &Order, old: &Shipment, new: &Shipment) -> Option<OrderEvent> {
    let (previous_estimate, estimate) = (old.estimate(), new.estimate());
    let later = matches!((previous_estimate, estimate), (Some(was), Some(is)) if is > was);
    (later && order.is_live() && new.status().is_under_way()).then(|| OrderEvent::DeliveryDelayed {
        shipment_id: new.stated.shipment_id.clone(),
        cause: DelayCause::EstimateRevised,
        previous_estimate,
        estimate,
    })
}

/// One shipment, to be changed.
pub(super) fn position<'a>(order: &'a mut Order, shipment_id: &str) -> Option<&'a mut Shipment> {
    order
        .shipments
        .iter_mut()
        .find(|shipment| shipment.stated.shipment_id == shipment_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        content::Origin,
        order::State,
        samples::{at, order, stated},
    };

    const WEEK: Duration = Duration::from_secs(7 * 86_400);

    fn shipped() -> Order {
        record(&order(), stated("S-1", "1", 2), at(110))
            .unwrap()
            .unwrap()
            .order
    }

    #[test]
    fn counts_what_is_shipped_over_all_shipments() {
        let order = shipped();
        assert_eq!(order.state(), State::PartiallyShipped);
        assert!(matches!(
            record(&order, stated("S-2", "1", 2), at(120)),
            Err(Refusal::ShipmentQuantityExceeded { open: 1, .. })
        ));
        let order = record(&order, stated("S-2", "1", 1), at(120))
            .unwrap()
            .unwrap()
            .order;
        let order = record(&order, stated("S-3", "2", 1), at(130))
            .unwrap()
            .unwrap()
            .order;
        assert_eq!(order.state(), State::Shipped);
    }

    #[test]
    fn replaces_a_shipment_within_its_own_units() {
        let order = shipped();
        assert_eq!(record(&order, stated("S-1", "1", 2), at(120)), Ok(None));
        let order = record(&order, stated("S-1", "1", 3), at(120))
            .unwrap()
            .unwrap()
            .order;
        assert_eq!(order.shipments.len(), 1);
        assert!(record(&order, stated("S-1", "1", 4), at(130)).is_err());
        assert!(matches!(
            record(&order, stated("S-1", "9", 1), at(130)),
            Err(Refusal::LineNotFound { .. })
        ));
    }

    #[test]
    fn a_later_estimate_is_a_delay_and_an_earlier_one_is_not() {
        let order = shipped();
        let mut later = stated("S-1", "1", 2);
        later.estimate = Some(at(20_000));
        let changed = record(&order, later, at(120)).unwrap().unwrap();
        assert_eq!(changed.events.len(), 2);
        let mut earlier = stated("S-1", "1", 2);
        earlier.estimate = Some(at(15_000));
        let changed = record(&changed.order, earlier, at(130)).unwrap().unwrap();
        assert_eq!(changed.events.len(), 1);
    }

    #[test]
    fn silence_is_news_once() {
        let order = shipped();
        let due = order.shipments[0].silent_at(WEEK, at(110)).unwrap();
        assert_eq!(due, at(100).plus(WEEK));
        assert_eq!(
            judge_silence(&order, "S-1", WEEK, at(110)),
            Silence::Until(due)
        );
        let Silence::Stuck(changed) = judge_silence(&order, "S-1", WEEK, due) else {
            panic!("not stuck");
        };
        assert_eq!(changed.order.shipments[0].stuck_since, Some(at(100)));
        assert!(matches!(
            changed.events[..],
            [OrderEvent::DeliveryDelayed {
                cause: DelayCause::Stuck,
                ..
            }]
        ));
        assert_eq!(
            judge_silence(&changed.order, "S-1", WEEK, due),
            Silence::Over
        );
    }

    #[test]
    fn history_is_never_stuck() {
        let mut order = shipped();
        order.content.origin = Origin::Backfill;
        assert_eq!(
            judge_silence(&order, "S-1", WEEK, at(100).plus(WEEK)),
            Silence::Over
        );
    }

    #[test]
    fn a_parcel_heard_of_late_gets_the_whole_span() {
        let late = at(100).plus(WEEK).plus(WEEK);
        assert_eq!(
            shipped().shipments[0].silent_at(WEEK, late),
            Some(late.plus(WEEK))
        );
    }
}
