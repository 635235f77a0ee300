//! A customer: who they are, how to reach them, and what they agreed to.

use std::collections::BTreeSet;

use postlude_kernel::{FieldViolation, Money, Timestamp};

use super::{
    consent::{Consent, latest},
    refusal::{Refusal, check_etag},
};

/// A customer with their profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Customer {
    pub(crate) profile: Profile,
    /// What holds now: one per channel and purpose.
    pub(crate) consents: Vec<Consent>,
    pub(crate) revision: i64,
    pub(crate) update_time: Timestamp,
}

/// What the retailer states of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) customer_id: String,
    pub(crate) display_name: String,
    pub(crate) contact_points: Vec<ContactPoint>,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
    pub(crate) birthday: String,
    pub(crate) addresses: Vec<Address>,
    pub(crate) delivery_preference: String,
    pub(crate) payment_preference_ref: String,
    pub(crate) favourites: Vec<Favourite>,
}

/// One way to reach a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContactPoint {
    pub(crate) kind: ContactKind,
    pub(crate) value: String,
    pub(crate) verified: bool,
}

/// What kind of address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContactKind {
    Email,
    Phone,
    PushToken,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) label: String,
    pub(crate) lines: Vec<String>,
    pub(crate) postal_code: String,
    pub(crate) locality: String,
    pub(crate) country: String,
}

/// A product the customer keeps an eye on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Favourite {
    pub(crate) sku: String,
    pub(crate) price_drop_below: Option<Money>,
}

impl Profile {
    fn check(&self) -> Result<(), Refusal> {
        let mut wrong = Vec::new();
        for (at, contact) in self.contact_points.iter().enumerate() {
            if let Some(rule) = contact.broken_rule() {
                wrong.push(FieldViolation::new(
                    format!("customer.contact_points[{at}].value"),
                    rule,
                ));
            }
        }
        if !is_birthday(&self.birthday) {
            wrong.push(FieldViolation::new(
                "customer.birthday",
                "is no day of the calendar",
            ));
        }
        let mut seen = BTreeSet::new();
        for (at, favourite) in self.favourites.iter().enumerate() {
            if !seen.insert(favourite.sku.as_str()) {
                wrong.push(FieldViolation::new(
                    format!("customer.favourites[{at}].sku"),
                    format!("`{}` is a favourite before it", favourite.sku),
                ));
            }
            if favourite
                .price_drop_below
                .is_some_and(|price| price.amount_minor < 0)
            {
                wrong.push(FieldViolation::new(
                    format!("customer.favourites[{at}].price_drop_below.amount_minor"),
                    "must not be below zero",
                ));
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Invalid(wrong))
        }
    }
}

impl ContactPoint {
    fn broken_rule(&self) -> Option<&'static str> {
        let valid = match self.kind {
            ContactKind::Email => self
                .value
                .split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && host.contains('.')),
            ContactKind::Phone => self.value.strip_prefix('+').is_some_and(|digits| {
                (4..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
            }),
            ContactKind::PushToken => true,
        };
        match self.kind {
            _ if valid => None,
            ContactKind::Email => Some("must be an email address"),
            ContactKind::Phone => Some("must be an E.164 number: + and 4 to 15 digits"),
            ContactKind::PushToken => None,
        }
    }
}

/// Empty, `YYYY-MM-DD`, or `--MM-DD`.
fn is_birthday(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let Some((rest, day)) = text.rsplit_once('-') else {
        return false;
    };
    let Some((_, month)) = rest.rsplit_once('-') else {
        return false;
    };
    let longest = match month {
        "02" => 29,
        "04" | "06" | "09" | "11" => 30,
        "01" | "03" | "05" | "07" | "08" | "10" | "12" => 31,
        _ => return false,
    };
    day.parse()
        .is_ok_and(|day: u32| (1..=longest).contains(&day))
}

/// Creates a profile, or replaces it. `None` if nothing changes.
///
/// # Errors
/// [`Refusal`] if a field breaks a rule or the caller saw another state.
pub(crate) fn update(
    before: Option<Customer>,
    profile: Profile,
    etag: &str,
    now: Timestamp,
) -> Result<Option<Customer>, Refusal> {
    check_etag(etag, before.as_ref().map(|customer| customer.revision))?;
    profile.check()?;
    match before {
        None => Ok(Some(Customer {
            profile,
            consents: Vec::new(),
            revision: 1,
            update_time: now,
        })),
        Some(before) if before.profile == profile => Ok(None),
        Some(before) => Ok(Some(Customer {
            profile,
            consents: before.consents,
            revision: before.revision.saturating_add(1),
            update_time: now,
        })),
    }
}

/// What a consent does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConsentChange {
    /// It is in the history already.
    Known,
    /// It belongs into the history; what holds stays as it is.
    HistoryOnly,
    /// It holds now.
    Holds(Box<Customer>),
}

/// Takes a consent in, beside the whole history of this customer.
pub(crate) fn set_consent(
    before: &Customer,
    history: &[Consent],
    consent: &Consent,
    now: Timestamp,
) -> ConsentChange {
    if history.contains(consent) {
        return ConsentChange::Known;
    }
    let mut history = history.to_vec();
    history.push(consent.clone());
    let consents = latest(&history);
    if consents == before.consents {
        return ConsentChange::HistoryOnly;
    }
    ConsentChange::Holds(Box::new(Customer {
        profile: before.profile.clone(),
        consents,
        revision: before.revision.saturating_add(1),
        update_time: now,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        consent::{ConsentChannel, Purpose},
        samples::at,
    };

    fn profile() -> Profile {
        Profile {
            customer_id: "C-1".to_owned(),
            display_name: "Ada".to_owned(),
            contact_points: vec![ContactPoint {
                kind: ContactKind::Email,
                value: "ada@example.com".to_owned(),
                verified: true,
            }],
            locale: "en-GB".to_owned(),
            time_zone: "Europe/London".to_owned(),
            birthday: "--12-10".to_owned(),
            addresses: Vec::new(),
            delivery_preference: String::new(),
            payment_preference_ref: String::new(),
            favourites: Vec::new(),
        }
    }

    fn customer() -> Customer {
        update(None, profile(), "", at(1)).unwrap().unwrap()
    }

    #[test]
    fn the_same_profile_again_changes_nothing() {
        assert_eq!(update(Some(customer()), profile(), "1", at(2)), Ok(None));
        let mut other = profile();
        "de-DE".clone_into(&mut other.locale);
        let after = update(Some(customer()), other, "1", at(2))
            .unwrap()
            .unwrap();
        assert_eq!(after.revision, 2);
    }

    #[test]
    fn names_each_field_that_is_wrong() {
        let mut wrong = profile();
        "not an address".clone_into(&mut wrong.contact_points[0].value);
        wrong.contact_points.push(ContactPoint {
            kind: ContactKind::Phone,
            value: "0171".to_owned(),
            verified: false,
        });
        "2001-02-30".clone_into(&mut wrong.birthday);
        let Err(Refusal::Invalid(violations)) = update(None, wrong, "", at(1)) else {
            panic!("accepted");
        };
        let fields: Vec<_> = violations.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "customer.contact_points[0].value",
                "customer.contact_points[1].value",
                "customer.birthday"
            ]
        );
    }

    #[test]
    fn knows_the_days_of_the_calendar() {
        for day in ["", "2000-02-29", "--02-29", "1999-12-31"] {
            assert!(is_birthday(day), "{day}");
        }
        for day in ["--02-30", "1999-13-01", "1999-04-31", "--01-00"] {
            assert!(!is_birthday(day), "{day}");
        }
    }

    #[test]
    fn an_older_consent_changes_history_alone() {
        let consent = |granted, second| Consent {
            channel: ConsentChannel::Sms,
            purpose: Purpose::Marketing,
            granted,
            source: "shop".to_owned(),
            text_shown: "Offers by text".to_owned(),
            occurred_time: at(second),
        };
        let ConsentChange::Holds(after) = set_consent(&customer(), &[], &consent(true, 20), at(21))
        else {
            panic!("does not hold");
        };
        assert_eq!(after.revision, 2);
        let history = [consent(true, 20)];
        assert_eq!(
            set_consent(&after, &history, &consent(false, 10), at(22)),
            ConsentChange::HistoryOnly
        );
        assert_eq!(
            set_consent(&after, &history, &consent(true, 20), at(22)),
            ConsentChange::Known
        );
    }
}
