//! Customers and consents.

use postlude_proto::orders::v1 as pb;

use super::{
    parse::{Parse, money, time},
    words::Word as _,
};
use crate::domain::{
    consent::Consent,
    customer::{Address, ContactPoint, Customer, Favourite, Profile},
    refusal::{Refusal, etag},
};

/// Reads a profile that a caller states; "Output only." fields are ignored.
///
/// # Errors
/// [`Refusal::Invalid`] with every field that can't be read, under `customer.`.
pub(crate) fn parse_profile(value: Option<pb::Customer>) -> Result<Profile, Refusal> {
    let mut parse = Parse::default();
    let profile = parse
        .required("customer", value)
        .and_then(|value| profile(&mut parse, value));
    parse.finish(profile)
}

fn profile(parse: &mut Parse, customer: pb::Customer) -> Option<Profile> {
    let contact_points = customer
        .contact_points
        .into_iter()
        .enumerate()
        .filter_map(|(at, contact)| {
            let path = format!("customer.contact_points[{at}].kind");
            Some(ContactPoint {
                kind: parse.word(&path, contact.kind)?,
                value: contact.value,
                verified: contact.verified,
            })
        })
        .collect();
    let favourites = customer
        .favourites
        .into_iter()
        .enumerate()
        .filter_map(|(at, favourite)| {
            let path = format!("customer.favourites[{at}].price_drop_below");
            Some(Favourite {
                sku: favourite.sku,
                price_drop_below: parse.money_or_none(&path, favourite.price_drop_below)?,
            })
        })
        .collect();
    let addresses = customer
        .addresses
        .into_iter()
        .map(|address| Address {
            label: address.label,
            lines: address.lines,
            postal_code: address.postal_code,
            locality: address.locality,
            country: address.country,
        })
        .collect();
    Some(Profile {
        customer_id: customer.customer_id,
        display_name: customer.display_name,
        contact_points,
        locale: customer.locale,
        time_zone: customer.time_zone,
        birthday: customer.birthday,
        addresses,
        delivery_preference: customer.delivery_preference,
        payment_preference_ref: customer.payment_preference_ref,
        favourites,
    })
}

/// Reads a consent that a caller states.
///
/// # Errors
/// [`Refusal::Invalid`] with every field that can't be read, under `consent.`.
pub(crate) fn parse_consent(value: Option<pb::Consent>) -> Result<Consent, Refusal> {
    let mut parse = Parse::default();
    let consent = parse
        .required("consent", value)
        .and_then(|value| consent(&mut parse, value));
    parse.finish(consent)
}

fn consent(parse: &mut Parse, consent: pb::Consent) -> Option<Consent> {
    let channel = parse.word("consent.channel", consent.channel);
    let purpose = parse.word("consent.purpose", consent.purpose);
    let occurred_time = parse.time("consent.occurred_time", consent.occurred_time);
    Some(Consent {
        channel: channel?,
        purpose: purpose?,
        granted: consent.granted,
        source: consent.source,
        text_shown: consent.text_shown,
        occurred_time: occurred_time?,
    })
}

/// The customer as a caller who may read customers sees them.
pub(crate) fn to_proto(customer: &Customer) -> pb::Customer {
    pb::Customer {
        consents: customer.consents.iter().map(consent_to_proto).collect(),
        revision: customer.revision,
        etag: etag(customer.revision),
        update_time: Some(time(customer.update_time)),
        ..profile_to_proto(&customer.profile)
    }
}

/// The customer as an event may show them: no name and no way to reach them.
pub(crate) fn to_event(customer: &Customer) -> pb::Customer {
    pb::Customer {
        display_name: String::new(),
        contact_points: Vec::new(),
        addresses: Vec::new(),
        ..to_proto(customer)
    }
}

/// The profile alone.
pub(crate) fn profile_to_proto(profile: &Profile) -> pb::Customer {
    pb::Customer {
        customer_id: profile.customer_id.clone(),
        display_name: profile.display_name.clone(),
        contact_points: profile
            .contact_points
            .iter()
            .map(|contact| pb::ContactPoint {
                kind: contact.kind.to_proto(),
                value: contact.value.clone(),
                verified: contact.verified,
            })
            .collect(),
        locale: profile.locale.clone(),
        time_zone: profile.time_zone.clone(),
        birthday: profile.birthday.clone(),
        addresses: profile
            .addresses
            .iter()
            .map(|address| pb::Address {
                label: address.label.clone(),
                lines: address.lines.clone(),
                postal_code: address.postal_code.clone(),
                locality: address.locality.clone(),
                country: address.country.clone(),
            })
            .collect(),
        delivery_preference: profile.delivery_preference.clone(),
        payment_preference_ref: profile.payment_preference_ref.clone(),
        favourites: profile
            .favourites
            .iter()
            .map(|favourite| pb::Favourite {
                sku: favourite.sku.clone(),
                price_drop_below: favourite.price_drop_below.map(money),
            })
            .collect(),
        ..pb::Customer::default()
    }
}

fn consent_to_proto(consent: &Consent) -> pb::Consent {
    pb::Consent {
        channel: consent.channel.to_proto(),
        purpose: consent.purpose.to_proto(),
        granted: consent.granted,
        source: consent.source.clone(),
        text_shown: consent.text_shown.clone(),
        occurred_time: Some(time(consent.occurred_time)),
    }
}
