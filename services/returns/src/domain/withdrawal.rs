//! Statutory withdrawal: the right of EU and UK consumers to undo a distance sale.
//!
//! Fourteen days from the order's last goods, ending on a working day. Public holidays are not
//! known here; a policy that knows them may be kinder. Days are counted in UTC.

use postlude_kernel::Timestamp;

use super::{
    order::{Channel, Exemption, Order, OrderLine},
    window::{TransitAllowance, order_delivered},
};

/// Days to give notice, and days to send the goods back after it.
pub(crate) const WITHDRAWAL_DAYS: i64 = 14;

const COUNTRIES: [&str; 31] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE",
    "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Whether a consumer may withdraw from a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Withdrawal {
    /// Yes, until then; `None` while goods are still to come, so that the days have not begun.
    Open(Option<Timestamp>),
    /// The days are over.
    Over(Timestamp),
    /// The law gives no such right here.
    NotGiven(NotGiven),
}

/// Why there is no right to withdraw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotGiven {
    Country,
    Business,
    NotAtADistance,
    CustomMade,
    Perishable,
    Unsealed,
}

impl NotGiven {
    /// One sentence for people.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Country => "The law of the destination gives no right to withdraw.",
            Self::Business => "The right to withdraw is a consumer's.",
            Self::NotAtADistance => "The right to withdraw is for sales at a distance.",
            Self::CustomMade => "Goods made to the customer's own specification are exempt.",
            Self::Perishable => "Goods that perish are exempt.",
            Self::Unsealed => "Sealed goods are exempt once the seal is broken.",
        }
    }
}

/// Whether and until when a consumer may withdraw from `line`.
pub(crate) fn withdrawal(
    order: &Order,
    line: &OrderLine,
    unsealed: bool,
    allowance: TransitAllowance,
    now: Timestamp,
) -> Withdrawal {
    if !COUNTRIES.contains(&order.destination_country.as_str()) {
        return Withdrawal::NotGiven(NotGiven::Country);
    }
    if !order.consumer {
        return Withdrawal::NotGiven(NotGiven::Business);
    }
    match order.channel {
        Channel::Online | Channel::Marketplace => {}
        Channel::Store => return Withdrawal::NotGiven(NotGiven::NotAtADistance),
    }
    match line.exemption {
        Exemption::CustomMade => return Withdrawal::NotGiven(NotGiven::CustomMade),
        Exemption::Perishable => return Withdrawal::NotGiven(NotGiven::Perishable),
        Exemption::SealedHygiene | Exemption::SealedMedia if unsealed => {
            return Withdrawal::NotGiven(NotGiven::Unsealed);
        }
        Exemption::SealedHygiene | Exemption::SealedMedia | Exemption::None => {}
    }
    match order_delivered(order, allowance, now).map(deadline) {
        None => Withdrawal::Open(None),
        Some(until) if now <= until => Withdrawal::Open(Some(until)),
        Some(until) => Withdrawal::Over(until),
    }
}

/// The end of the fourteenth day after the last delivery, or of the next working day.
pub(crate) fn deadline(last_delivered: Timestamp) -> Timestamp {
    let mut day = last_delivered.plus_days(WITHDRAWAL_DAYS);
    while day.is_weekend() {
        day = day.plus_days(1);
    }
    day.end_of_day()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::Shipment;
    use crate::domain::terms::tests::{at, order};

    const ALLOWANCE: TransitAllowance = TransitAllowance { days: 10 };

    fn delivered_order(time: &str) -> Order {
        let mut order = order();
        order.shipments = vec![Shipment {
            lines: vec![("1".into(), 2)],
            shipped: at("2026-03-01T00:00:00Z"),
            delivered: Some(at(time)),
            returning: false,
        }];
        order
    }

    fn asked(order: &Order, unsealed: bool, now: &str) -> Withdrawal {
        let line = order.line("1").cloned();
        line.map_or(Withdrawal::Open(None), |line| {
            withdrawal(order, &line, unsealed, ALLOWANCE, at(now))
        })
    }

    #[test]
    fn lasts_fourteen_days_from_the_last_goods() {
        // Delivered on a Tuesday, so the fourteenth day after is a Tuesday.
        let order = delivered_order("2026-03-03T09:00:00Z");
        let until = at("2026-03-17T23:59:59.999999Z");
        assert_eq!(
            asked(&order, false, "2026-03-17T23:00:00Z"),
            Withdrawal::Open(Some(until))
        );
        assert_eq!(
            asked(&order, false, "2026-03-18T00:00:00Z"),
            Withdrawal::Over(until)
        );
    }

    #[test]
    fn ends_on_a_working_day() {
        for (delivered, until) in [
            ("2026-03-07T09:00:00Z", "2026-03-23T23:59:59.999999Z"),
            ("2026-03-08T09:00:00Z", "2026-03-23T23:59:59.999999Z"),
            ("2026-03-06T09:00:00Z", "2026-03-20T23:59:59.999999Z"),
        ] {
            assert_eq!(deadline(at(delivered)), at(until), "{delivered}");
        }
    }

    #[test]
    fn has_not_begun_to_run_while_goods_are_still_to_come() {
        let mut order = delivered_order("2026-03-03T09:00:00Z");
        if let Some(shipment) = order.shipments.first_mut() {
            shipment.lines = vec![("1".into(), 1)];
        }
        assert_eq!(
            asked(&order, false, "2026-06-01T00:00:00Z"),
            Withdrawal::Open(None)
        );
    }

    #[test]
    fn overrides_final_sale() {
        let mut order = delivered_order("2026-03-03T09:00:00Z");
        for line in &mut order.lines {
            line.final_sale = true;
        }
        assert!(matches!(
            asked(&order, false, "2026-03-04T00:00:00Z"),
            Withdrawal::Open(Some(_))
        ));
    }

    #[test]
    fn is_not_for_business_store_or_foreign_sales() {
        let now = "2026-03-04T00:00:00Z";
        let mut business = delivered_order("2026-03-03T09:00:00Z");
        business.consumer = false;
        assert_eq!(
            asked(&business, false, now),
            Withdrawal::NotGiven(NotGiven::Business)
        );
        let mut store = delivered_order("2026-03-03T09:00:00Z");
        store.channel = Channel::Store;
        assert_eq!(
            asked(&store, false, now),
            Withdrawal::NotGiven(NotGiven::NotAtADistance)
        );
        let mut foreign = delivered_order("2026-03-03T09:00:00Z");
        foreign.destination_country = "US".into();
        assert_eq!(
            asked(&foreign, false, now),
            Withdrawal::NotGiven(NotGiven::Country)
        );
        let mut britain = delivered_order("2026-03-03T09:00:00Z");
        britain.destination_country = "GB".into();
        assert!(matches!(asked(&britain, false, now), Withdrawal::Open(_)));
    }

    #[test]
    fn is_not_for_custom_perishable_or_unsealed_goods() {
        let now = "2026-03-04T00:00:00Z";
        for (exemption, unsealed, expected) in [
            (Exemption::CustomMade, false, Some(NotGiven::CustomMade)),
            (Exemption::Perishable, false, Some(NotGiven::Perishable)),
            (Exemption::SealedHygiene, true, Some(NotGiven::Unsealed)),
            (Exemption::SealedMedia, true, Some(NotGiven::Unsealed)),
            (Exemption::SealedHygiene, false, None),
            (Exemption::None, true, None),
        ] {
            let mut order = delivered_order("2026-03-03T09:00:00Z");
            for line in &mut order.lines {
                line.exemption = exemption;
            }
            let answer = asked(&order, unsealed, now);
            match expected {
                Some(why) => assert_eq!(answer, Withdrawal::NotGiven(why)),
                None => assert!(matches!(answer, Withdrawal::Open(Some(_))), "{exemption:?}"),
            }
        }
    }
}
