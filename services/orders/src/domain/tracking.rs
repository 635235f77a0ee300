//! Where a parcel is: a fold over its scans, whatever order they came in.

use postlude_kernel::{FieldViolation, Timestamp};

use super::{
    carrier_words,
    event::{Changed, OrderEvent},
    order::{Order, changed},
    refusal::Refusal,
    shipment::{delay, position},
};

/// Where a parcel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    InfoReceived,
    InTransit,
    OutForDelivery,
    AttemptFailed,
    AvailableForPickup,
    Delivered,
    Exception,
    ReturnToSender,
    Expired,
}

impl Status {
    /// How far along it is. Statuses of one rank may follow each other in any order.
    const fn rank(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::InfoReceived => 1,
            Self::InTransit | Self::Exception | Self::Expired => 2,
            Self::OutForDelivery | Self::AttemptFailed | Self::AvailableForPickup => 3,
            Self::Delivered => 4,
            Self::ReturnToSender => 5,
        }
    }

    /// Whether it says what is wrong rather than how far the parcel is.
    const fn is_trouble(self) -> bool {
        matches!(self, Self::Exception | Self::Expired)
    }

    /// Whether the parcel is still on its way to the customer.
    pub(crate) const fn is_under_way(self) -> bool {
        self.rank() < Self::Delivered.rank()
    }

    /// Whether the next scan is the carrier's to make.
    pub(crate) const fn expects_scans(self) -> bool {
        self.is_under_way() && !matches!(self, Self::AvailableForPickup)
    }
}

/// One scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) event_id: String,
    /// `None` if the carrier's word is not known: the scan is a sign of life and nothing more.
    pub(crate) status: Option<Status>,
    pub(crate) carrier_status: String,
    pub(crate) occurred_time: Timestamp,
    pub(crate) location: String,
    pub(crate) description: String,
    pub(crate) estimate: Option<Timestamp>,
}

/// What scans come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Folded {
    pub(crate) status: Status,
    pub(crate) delivered_time: Option<Timestamp>,
}

/// Folds scans that are sorted by (time, rank, id).
///
/// The rank only moves forward, so that a late scan never undoes DELIVERED; RETURN_TO_SENDER alone
/// goes past it. Trouble shows until the next scan that is as far along as the parcel was.
pub(crate) fn fold(scans: &[Scan]) -> Folded {
    let mut folded = Folded {
        status: Status::Pending,
        delivered_time: None,
    };
    let mut stage = Status::Pending.rank();
    for scan in scans {
        let Some(status) = scan.status else { continue };
        if status.is_trouble() {
            if stage < Status::Delivered.rank() {
                folded.status = status;
            }
        } else if status.rank() >= stage {
            stage = status.rank();
            if status != folded.status {
                folded.delivered_time = (status == Status::Delivered).then_some(scan.occurred_time);
            }
            folded.status = status;
        }
    }
    folded
}

/// Takes a scan in. `None` if it is there already.
///
/// # Errors
/// [`Refusal`] if the order has no such shipment, or the scan says nothing about the parcel.
pub(crate) fn record(
    before: &Order,
    shipment_id: &str,
    mut scan: Scan,
    now: Timestamp,
) -> Result<Option<Changed>, Refusal> {
    let Some(old) = before.shipment(shipment_id) else {
        return Err(Refusal::ShipmentNotFound {
            shipment_id: shipment_id.to_owned(),
        });
    };
    if scan.status.is_none() && scan.carrier_status.trim().is_empty() {
        return Err(Refusal::Invalid(vec![FieldViolation::new(
            "event.status",
            "give the status, or the carrier's own word in carrier_status",
        )]));
    }
    if old
        .scans
        .iter()
        .any(|known| known.event_id == scan.event_id)
    {
        return Ok(None);
    }
    scan.status = scan
        .status
        .or_else(|| carrier_words::map(&scan.carrier_status));

    let mut after = before.clone();
    let mut events = Vec::new();
    if let Some(shipment) = position(&mut after, shipment_id) {
        shipment.scans.push(scan);
        shipment.scans.sort_by(|a, b| key(a).cmp(&key(b)));
        shipment.settle_silence();
        let (was, is) = (fold(&old.scans), fold(&shipment.scans));
        events.push(OrderEvent::TrackingAdvanced {
            shipment_id: shipment_id.to_owned(),
            previous: was.status,
            status: is.status,
        });
        if was.delivered_time != is.delivered_time
            && let Some(delivered_time) = is.delivered_time
        {
            events.push(OrderEvent::ShipmentDelivered {
                shipment_id: shipment_id.to_owned(),
                lines: shipment.stated.lines.clone(),
                delivered_time,
            });
        }
        events.extend(delay(before, old, shipment));
    }
    Ok(Some(changed(before, after, events, now)))
}

fn key(scan: &Scan) -> (Timestamp, u8, &str) {
    let rank = scan.status.map_or(0, Status::rank);
    (scan.occurred_time, rank, &scan.event_id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        order::State,
        samples::{at, order, stated},
        shipment,
    };

    fn shipped() -> Order {
        shipment::record(&order(), stated("S-1", "1", 3), at(110))
            .unwrap()
            .unwrap()
            .order
    }

    fn scan(event_id: &str, status: Status, second: i64) -> Scan {
        Scan {
            event_id: event_id.to_owned(),
            status: Some(status),
            carrier_status: String::new(),
            occurred_time: at(second),
            location: String::new(),
            description: String::new(),
            estimate: None,
        }
    }

    fn after(scans: &[Scan]) -> Order {
        scans.iter().fold(shipped(), |order, scan| {
            record(&order, "S-1", scan.clone(), at(500))
                .unwrap()
                .map_or(order, |changed| changed.order)
        })
    }

    fn status(scans: &[(Status, i64)]) -> Status {
        let scans: Vec<_> = scans
            .iter()
            .enumerate()
            .map(|(id, (status, second))| scan(&id.to_string(), *status, *second))
            .collect();
        after(&scans).shipments[0].status()
    }

    #[test]
    fn a_late_scan_never_undoes_delivered() {
        use Status::{Delivered, Exception, InTransit, OutForDelivery, ReturnToSender};
        assert_eq!(status(&[(Delivered, 200), (InTransit, 150)]), Delivered);
        assert_eq!(status(&[(Delivered, 200), (InTransit, 250)]), Delivered);
        assert_eq!(status(&[(Delivered, 200), (Exception, 250)]), Delivered);
        assert_eq!(
            status(&[(Delivered, 200), (ReturnToSender, 250)]),
            ReturnToSender
        );
        assert_eq!(
            status(&[(ReturnToSender, 200), (Delivered, 250)]),
            ReturnToSender
        );
        assert_eq!(
            status(&[(OutForDelivery, 200), (InTransit, 250)]),
            OutForDelivery
        );
    }

    #[test]
    fn a_second_attempt_and_the_end_of_trouble_show() {
        use Status::{AttemptFailed, Exception, InTransit, OutForDelivery};
        assert_eq!(
            status(&[(OutForDelivery, 1), (AttemptFailed, 2), (OutForDelivery, 3)]),
            OutForDelivery
        );
        assert_eq!(status(&[(InTransit, 1), (Exception, 2)]), Exception);
        assert_eq!(
            status(&[(InTransit, 1), (Exception, 2), (InTransit, 3)]),
            InTransit
        );
    }

    #[test]
    fn tells_of_the_arrival_of_parcel_and_order() {
        let order = shipment::record(&shipped(), stated("S-2", "2", 1), at(120))
            .unwrap()
            .unwrap()
            .order;
        let first = record(&order, "S-1", scan("a", Status::Delivered, 200), at(210))
            .unwrap()
            .unwrap();
        assert!(matches!(
            first.events[..],
            [
                OrderEvent::TrackingAdvanced { .. },
                OrderEvent::ShipmentDelivered { .. }
            ]
        ));
        let last = record(
            &first.order,
            "S-2",
            scan("b", Status::Delivered, 190),
            at(220),
        )
        .unwrap()
        .unwrap();
        assert_eq!(last.order.state(), State::Delivered);
        assert_eq!(
            last.events.last(),
            Some(&OrderEvent::OrderDelivered {
                delivered_time: at(200)
            })
        );
    }

    #[test]
    fn a_carriers_later_estimate_is_a_delay_until_it_arrives() {
        let mut revised = scan("a", Status::InTransit, 150);
        revised.estimate = Some(at(90_000));
        let changed = record(&shipped(), "S-1", revised.clone(), at(160))
            .unwrap()
            .unwrap();
        assert!(matches!(
            changed.events[..],
            [
                OrderEvent::TrackingAdvanced { .. },
                OrderEvent::DeliveryDelayed {
                    cause: crate::domain::event::DelayCause::EstimateRevised,
                    ..
                }
            ]
        ));
        let delivered = after(&[scan("b", Status::Delivered, 140)]);
        let changed = record(&delivered, "S-1", revised, at(160))
            .unwrap()
            .unwrap();
        assert_eq!(changed.events.len(), 1);
    }

    #[test]
    fn an_unknown_word_is_kept_and_moves_nothing() {
        let mut unknown = scan("a", Status::Pending, 150);
        unknown.status = None;
        assert!(matches!(
            record(&shipped(), "S-1", unknown.clone(), at(160)),
            Err(Refusal::Invalid(_))
        ));
        "teleported".clone_into(&mut unknown.carrier_status);
        let order = after(&[scan("b", Status::InTransit, 140), unknown]);
        assert_eq!(order.shipments[0].status(), Status::InTransit);
        assert_eq!(order.shipments[0].scans.len(), 2);
        assert_eq!(order.shipments[0].last_sign(), at(150));
    }

    #[test]
    fn refuses_a_shipment_that_is_not_there() {
        assert!(matches!(
            record(&shipped(), "S-9", scan("a", Status::InTransit, 1), at(2)),
            Err(Refusal::ShipmentNotFound { .. })
        ));
    }

    fn any_status() -> impl Strategy<Value = Option<Status>> {
        use Status::{
            AttemptFailed, AvailableForPickup, Delivered, Exception, Expired, InTransit,
            InfoReceived, OutForDelivery, Pending, ReturnToSender,
        };
        prop_oneof![
            Just(None),
            prop::sample::select(vec![
                Pending,
                InfoReceived,
                InTransit,
                OutForDelivery,
                AttemptFailed,
                AvailableForPickup,
                Delivered,
                Exception,
                ReturnToSender,
                Expired,
            ])
            .prop_map(Some)
        ]
    }

    fn any_scans() -> impl Strategy<Value = Vec<Scan>> {
        let one = (any_status(), 0_i64..6, prop::option::of(0_i64..5));
        prop::collection::vec(one, 1..12).prop_map(|scans| {
            scans
                .into_iter()
                .enumerate()
                .map(|(id, (status, second, estimate))| Scan {
                    status,
                    carrier_status: "word of no carrier".to_owned(),
                    estimate: estimate.map(at),
                    ..scan(&format!("e{id}"), Status::Pending, second)
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn shuffled_and_repeated_scans_end_in_the_same_state(
            (scans, shuffled) in any_scans().prop_flat_map(|scans| {
                let twice: Vec<_> = scans.iter().chain(&scans).cloned().collect();
                (Just(scans), Just(twice).prop_shuffle())
            })
        ) {
            prop_assert_eq!(after(&scans), after(&shuffled));
        }

        #[test]
        fn delivered_stays_unless_the_parcel_goes_back(scans in any_scans()) {
            let delivered = scans.iter().any(|scan| scan.status == Some(Status::Delivered));
            let returned = scans.iter().any(|scan| scan.status == Some(Status::ReturnToSender));
            let shipment = after(&scans).shipments.remove(0);
            if returned {
                prop_assert_eq!(shipment.status(), Status::ReturnToSender);
            } else if delivered {
                prop_assert_eq!(shipment.status(), Status::Delivered);
            }
            prop_assert_eq!(shipment.delivered_time().is_some(), delivered && !returned);
        }
    }
}
