//! Cancelling units before they are shipped.

use std::collections::BTreeSet;

use postlude_kernel::{FieldViolation, Timestamp};

use super::{
    event::{Changed, OrderEvent},
    order::{Order, changed},
    refusal::{Refusal, check_etag},
    shipment::LineQuantity,
};

/// Takes units away, in addition to those cancelled before.
///
/// # Errors
/// [`Refusal`] if a line isn't there or has fewer open units.
pub(crate) fn cancel(
    before: &Order,
    lines: &[LineQuantity],
    etag: &str,
    now: Timestamp,
) -> Result<Changed, Refusal> {
    check_etag(etag, Some(before.revision))?;
    check_named_once("lines", lines)?;
    let tallies = before.tallies();
    let mut after = before.clone();
    for LineQuantity { line_id, quantity } in lines {
        let tally = tallies
            .get(line_id.as_str())
            .ok_or_else(|| Refusal::LineNotFound {
                line_id: line_id.clone(),
            })?;
        if *quantity > tally.open() {
            return Err(if tally.open() == 0 && tally.shipped > 0 {
                Refusal::LineShipped {
                    line_id: line_id.clone(),
                    settled: tally.shipped.saturating_add(tally.cancelled),
                }
            } else {
                Refusal::CancelQuantityExceeded {
                    line_id: line_id.clone(),
                    open: tally.open(),
                    wanted: *quantity,
                }
            });
        }
        let cancelled = after.cancelled.entry(line_id.clone()).or_default();
        *cancelled = cancelled.saturating_add(*quantity);
    }
    let events = vec![OrderEvent::LinesCancelled {
        lines: lines.to_vec(),
    }];
    Ok(changed(before, after, events, now))
}

/// Checks that no line is named twice under `path`.
pub(super) fn check_named_once(path: &str, lines: &[LineQuantity]) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    let twice: Vec<_> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !seen.insert(line.line_id.as_str()))
        .map(|(at, line)| {
            FieldViolation::new(
                format!("{path}[{at}].line_id"),
                format!("`{}` is named before", line.line_id),
            )
        })
        .collect();
    if twice.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Invalid(twice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        order::State,
        samples::{at, order, stated},
        shipment,
        tracking::{self, Scan, Status},
    };

    fn units(line_id: &str, quantity: u32) -> LineQuantity {
        LineQuantity {
            line_id: line_id.to_owned(),
            quantity,
        }
    }

    #[test]
    fn adds_up_and_ends_in_cancelled() {
        let order = cancel(&order(), &[units("1", 1)], "1", at(20))
            .unwrap()
            .order;
        assert_eq!(order.state(), State::Open);
        let rest = [units("1", 2), units("2", 1)];
        let changed = cancel(&order, &rest, "2", at(30)).unwrap();
        assert_eq!(changed.order.state(), State::Cancelled);
        assert_eq!(
            changed.events,
            [OrderEvent::LinesCancelled {
                lines: rest.to_vec()
            }]
        );
    }

    #[test]
    fn refuses_more_than_is_open() {
        assert!(matches!(
            cancel(&order(), &[units("1", 4)], "", at(20)),
            Err(Refusal::CancelQuantityExceeded { open: 3, .. })
        ));
        assert!(matches!(
            cancel(&order(), &[units("9", 1)], "", at(20)),
            Err(Refusal::LineNotFound { .. })
        ));
        assert!(matches!(
            cancel(&order(), &[units("1", 1), units("1", 1)], "", at(20)),
            Err(Refusal::Invalid(_))
        ));
    }

    #[test]
    fn refuses_what_has_left() {
        let order = shipment::record(&order(), stated("S-1", "1", 3), at(20))
            .unwrap()
            .unwrap()
            .order;
        assert!(matches!(
            cancel(&order, &[units("1", 1)], "", at(30)),
            Err(Refusal::LineShipped { settled: 3, .. })
        ));
    }

    #[test]
    fn cancelling_what_is_missing_completes_the_delivery() {
        let order = shipment::record(&order(), stated("S-1", "1", 3), at(20))
            .unwrap()
            .unwrap()
            .order;
        let scan = Scan {
            event_id: "e1".to_owned(),
            status: Some(Status::Delivered),
            carrier_status: String::new(),
            occurred_time: at(200),
            location: String::new(),
            description: String::new(),
            estimate: None,
        };
        let order = tracking::record(&order, "S-1", scan, at(210))
            .unwrap()
            .unwrap()
            .order;
        assert_eq!(order.state(), State::PartiallyShipped);
        let changed = cancel(&order, &[units("2", 1)], "", at(220)).unwrap();
        assert_eq!(changed.order.state(), State::Delivered);
        assert_eq!(
            changed.events.last(),
            Some(&OrderEvent::OrderDelivered {
                delivered_time: at(200)
            })
        );
    }
}
