//! Carriers' own words for where a parcel is, mapped onto one list.
//!
//! A table, not an integration: a retailer's system that knows better sends the mapped status.

use super::tracking::Status;

/// Words by status, written as [`normal`] leaves them. A word stands under one status only.
const WORDS: &[(Status, &[&str])] = &[
    (
        Status::Pending,
        &[
            "pending",
            "created",
            "label created",
            "order created",
            "ready to ship",
            "not found",
            "unknown",
        ],
    ),
    (
        Status::InfoReceived,
        &[
            "info received",
            "information received",
            "electronic notification received",
            "pre transit",
            "pre shipment",
            "preadvice",
            "pre advice",
            "data received",
            "shipment information sent",
            "shipment information received",
            "billing information received",
            "manifested",
            "booked",
            "announced",
            "oc",
            "m",
            "mp",
        ],
    ),
    (
        Status::InTransit,
        &[
            "in transit",
            "transit",
            "accepted",
            "acceptance",
            "picked up",
            "pick up",
            "pickup",
            "collected",
            "origin scan",
            "departed",
            "departure scan",
            "departed facility",
            "arrived",
            "arrival scan",
            "arrived at facility",
            "arrival at facility",
            "processed",
            "processed through facility",
            "sorted",
            "in customs",
            "customs cleared",
            "clearance",
            "released by customs",
            "on the way",
            "shipped",
            "forwarded",
            "moving",
            "at hub",
            "at depot",
            "loaded",
            "unloaded",
            "it",
            "pu",
            "ar",
            "dp",
            "i",
            "p",
        ],
    ),
    (
        Status::OutForDelivery,
        &[
            "out for delivery",
            "on vehicle for delivery",
            "on van",
            "loaded on delivery vehicle",
            "with courier",
            "with delivery courier",
            "in delivery",
            "delivery in progress",
            "od",
            "ofd",
        ],
    ),
    (
        Status::AttemptFailed,
        &[
            "attempt failed",
            "failed attempt",
            "attempt fail",
            "delivery attempted",
            "delivery attempt failed",
            "attempted delivery",
            "undeliverable at first attempt",
            "recipient not home",
            "nobody home",
            "not at home",
            "notice left",
            "customer not available",
            "delivery failed",
            "de attempt",
        ],
    ),
    (
        Status::AvailableForPickup,
        &[
            "available for pickup",
            "available for pick up",
            "ready for pickup",
            "ready for collection",
            "awaiting collection",
            "at pickup point",
            "in parcel locker",
            "held at location",
            "arrived at pickup point",
            "delivered to parcel shop",
            "delivered to access point",
            "hl",
        ],
    ),
    (
        Status::Delivered,
        &[
            "delivered",
            "delivery completed",
            "completed",
            "signed",
            "delivered signed by",
            "proof of delivery",
            "pod",
            "delivered to neighbour",
            "delivered to neighbor",
            "left at front door",
            "left with neighbour",
            "left in safe place",
            "collected by customer",
            "picked up by customer",
            "dl",
            "d",
            "ok",
        ],
    ),
    (
        Status::Exception,
        &[
            "exception",
            "delivery exception",
            "delayed",
            "delay",
            "on hold",
            "held",
            "held by customs",
            "customs delay",
            "damaged",
            "lost",
            "missing",
            "address incorrect",
            "incorrect address",
            "address unknown",
            "insufficient address",
            "refused",
            "rejected",
            "missort",
            "missorted",
            "undelivered",
            "failure",
            "error",
            "se",
            "x",
        ],
    ),
    (
        Status::ReturnToSender,
        &[
            "return to sender",
            "returned to sender",
            "returning to sender",
            "returned to shipper",
            "return to shipper",
            "return in progress",
            "returning",
            "returned",
            "rts",
            "rs",
        ],
    ),
    (
        Status::Expired,
        &[
            "expired",
            "tracking expired",
            "no information",
            "shipment expired",
        ],
    ),
];

/// The status that a carrier's word means, if the word is known.
pub(crate) fn map(carrier_status: &str) -> Option<Status> {
    let word = normal(carrier_status);
    WORDS
        .iter()
        .find(|(_, words)| words.contains(&word.as_str()))
        .map(|(status, _)| *status)
}

/// Small letters and digits, single spaces: `In-Transit`, `IN_TRANSIT` and `InTransit` are one word.
fn normal(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    let mut after_small = false;
    for letter in text.chars() {
        if letter.is_alphanumeric() {
            let starts = letter.is_uppercase() && after_small;
            if starts && !word.ends_with(' ') {
                word.push(' ');
            }
            word.extend(letter.to_lowercase());
            after_small = letter.is_lowercase();
        } else {
            if !word.is_empty() && !word.ends_with(' ') {
                word.push(' ');
            }
            after_small = false;
        }
    }
    word.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn reads_the_ways_carriers_write() {
        for (text, status) in [
            ("InTransit", Status::InTransit),
            ("IN_TRANSIT", Status::InTransit),
            ("in-transit", Status::InTransit),
            ("Out For Delivery", Status::OutForDelivery),
            ("OD", Status::OutForDelivery),
            ("Delivered.", Status::Delivered),
            ("DL", Status::Delivered),
            ("AttemptFail", Status::AttemptFailed),
            ("AvailableForPickup", Status::AvailableForPickup),
            ("return_to_sender", Status::ReturnToSender),
            ("pre_transit", Status::InfoReceived),
            ("Customs delay", Status::Exception),
        ] {
            assert_eq!(map(text), Some(status), "{text}");
        }
        assert_eq!(map("teleported"), None);
        assert_eq!(map(""), None);
    }

    #[test]
    fn each_word_is_normal_and_stands_once() {
        let mut seen = BTreeSet::new();
        for word in WORDS.iter().flat_map(|(_, words)| *words) {
            assert_eq!(normal(word), *word);
            assert!(seen.insert(*word), "{word}");
        }
    }
}
