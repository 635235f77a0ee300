//! What has been delivered, since when, and until when a line may come back.

use postlude_kernel::Timestamp;

use super::{
    order::{Channel, Order},
    terms::LineTerms,
};

/// How deliveries are assumed where none is confirmed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TransitAllowance {
    /// Days after shipping at which a parcel counts as delivered.
    pub(crate) days: i64,
}

/// Units of a line that a customer holds, and since when the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) units: u32,
    /// When the last of these units arrived, or is taken to have arrived.
    pub(crate) last: Option<Timestamp>,
    /// Whether a carrier or a counter has confirmed it; otherwise it is an assumption.
    pub(crate) confirmed: bool,
}

/// What of a line the customer holds at `now`.
///
/// Confirmed deliveries count from their own time. A parcel that nobody confirmed counts once the
/// transit allowance has passed. What was handed over in a shop counts from the sale.
pub(crate) fn delivered(
    order: &Order,
    line_id: &str,
    allowance: TransitAllowance,
    now: Timestamp,
) -> Delivered {
    let kept = order.line(line_id).map_or(0, super::order::OrderLine::kept);
    if order.shipments.is_empty() && (order.channel == Channel::Store || order.picked_up) {
        let last = if order.picked_up {
            order.placed.plus_days(allowance.days)
        } else {
            order.placed
        };
        return Delivered {
            units: kept,
            last: Some(last),
            confirmed: true,
        };
    }
    let mut units = 0_u32;
    let mut last: Option<Timestamp> = None;
    let mut confirmed = true;
    for shipment in &order.shipments {
        let carried: u32 = shipment
            .lines
            .iter()
            .filter(|(id, _)| id == line_id)
            .map(|(_, quantity)| *quantity)
            .sum();
        if carried == 0 {
            continue;
        }
        let assumed = shipment.shipped.plus_days(allowance.days);
        let (arrived, sure) = match shipment.delivered {
            Some(time) => (time, true),
            None if !shipment.returning && assumed <= now => (assumed, false),
            None => continue,
        };
        units = units.saturating_add(carried);
        confirmed &= sure;
        last = last.max(Some(arrived));
    }
    Delivered {
        units: units.min(kept),
        last,
        confirmed,
    }
}

/// When the last of the order's goods arrived; `None` while something is still to come.
pub(crate) fn order_delivered(
    order: &Order,
    allowance: TransitAllowance,
    now: Timestamp,
) -> Option<Timestamp> {
    let mut last = None;
    for line in order.lines.iter().filter(|line| line.kept() > 0) {
        let delivered = delivered(order, &line.line_id, allowance, now);
        if delivered.units < line.kept() {
            return None;
        }
        last = last.max(delivered.last);
    }
    last
}

/// Until when a line may come back under its stored terms; `None` while nothing has arrived.
///
/// The last day counts whole, in UTC.
pub(crate) fn closes(
    order: &Order,
    terms: &LineTerms,
    allowance: TransitAllowance,
    now: Timestamp,
) -> Option<Timestamp> {
    delivered(order, &terms.line_id, allowance, now)
        .last
        .map(|last| last.plus_days(i64::from(terms.window_days)).end_of_day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::{OrderLine, Shipment};
    use crate::domain::terms::tests::{at, line_terms, order};

    const ALLOWANCE: TransitAllowance = TransitAllowance { days: 10 };

    fn shipment(quantity: u32, shipped: &str, delivered: Option<&str>) -> Shipment {
        Shipment {
            lines: vec![("1".into(), quantity)],
            shipped: at(shipped),
            delivered: delivered.map(at),
            returning: false,
        }
    }

    #[test]
    fn counts_from_the_last_delivery_and_the_last_day_counts_whole() {
        let mut order = order();
        order.shipments = vec![
            shipment(1, "2026-03-01T08:00:00Z", Some("2026-03-03T08:00:00Z")),
            shipment(1, "2026-03-02T08:00:00Z", Some("2026-03-05T08:00:00Z")),
        ];
        assert_eq!(
            closes(
                &order,
                &line_terms(30),
                ALLOWANCE,
                at("2026-03-06T00:00:00Z")
            ),
            Some(at("2026-04-04T23:59:59.999999Z"))
        );
    }

    #[test]
    fn assumes_a_delivery_once_the_allowance_has_passed() {
        let mut order = order();
        order.shipments = vec![shipment(2, "2026-03-01T08:00:00Z", None)];
        let before = delivered(&order, "1", ALLOWANCE, at("2026-03-11T07:59:59Z"));
        assert_eq!((before.units, before.last), (0, None));
        let after = delivered(&order, "1", ALLOWANCE, at("2026-03-11T08:00:00Z"));
        assert_eq!(
            (after.units, after.last, after.confirmed),
            (2, Some(at("2026-03-11T08:00:00Z")), false)
        );
    }

    #[test]
    fn never_assumes_the_delivery_of_a_parcel_that_goes_back() {
        let mut order = order();
        order.shipments = vec![Shipment {
            returning: true,
            ..shipment(2, "2026-03-01T08:00:00Z", None)
        }];
        assert_eq!(
            delivered(&order, "1", ALLOWANCE, at("2026-05-01T00:00:00Z")).units,
            0
        );
    }

    #[test]
    fn takes_a_sale_in_a_shop_as_handed_over() {
        let mut order = order();
        order.channel = Channel::Store;
        let held = delivered(&order, "1", ALLOWANCE, order.placed);
        assert_eq!((held.units, held.last), (2, Some(order.placed)));
    }

    #[test]
    fn never_holds_more_than_was_kept() {
        let mut order = order();
        order.lines = vec![OrderLine {
            cancelled: 1,
            ..order.lines.remove(0)
        }];
        order.shipments = vec![shipment(
            2,
            "2026-03-01T08:00:00Z",
            Some("2026-03-03T08:00:00Z"),
        )];
        assert_eq!(
            delivered(&order, "1", ALLOWANCE, at("2026-03-04T00:00:00Z")).units,
            1
        );
    }

    #[test]
    fn knows_the_order_as_delivered_only_when_all_of_it_is() {
        let mut order = order();
        order.shipments = vec![shipment(
            1,
            "2026-03-01T08:00:00Z",
            Some("2026-03-03T08:00:00Z"),
        )];
        let now = at("2026-03-04T00:00:00Z");
        assert_eq!(order_delivered(&order, ALLOWANCE, now), None);
        order.shipments.push(shipment(
            1,
            "2026-03-01T08:00:00Z",
            Some("2026-03-04T00:00:00Z"),
        ));
        assert_eq!(order_delivered(&order, ALLOWANCE, now), Some(now));
    }
}
