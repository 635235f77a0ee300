//! Withdrawn consents that outlive their customer: by a salted hash of the contact point, so that
//! the same person under a new number isn't written to again, and nobody can read who it was.

use postlude_kernel::Timestamp;
use postlude_store::{Scope, StoreError, TenantTable, Tx};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::{
    convert::words::Word as _,
    domain::{
        consent::{Consent, ConsentChannel, Purpose},
        customer::{ContactKind, ContactPoint, Customer, Profile},
    },
    error::Error,
};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opt_outs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub contact: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: i32,
    pub withdrawn_time: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantTable for Entity {
    fn tenant_column() -> Self::Column {
        Column::Tenant
    }
}

/// Keeps what a customer who is being erased has withdrawn.
pub(crate) async fn keep(tx: &mut Tx, customer: &Customer) -> Result<(), StoreError> {
    for consent in customer.consents.iter().filter(|consent| !consent.granted) {
        for contact in &customer.profile.contact_points {
            if channel_of(contact.kind) != consent.channel {
                continue;
            }
            let row = ActiveModel {
                contact: Set(fingerprint(tx, contact).await?),
                channel: Set(consent.channel.to_proto()),
                purpose: Set(consent.purpose.to_proto()),
                withdrawn_time: Set(consent.occurred_time.as_micros()),
                ..Default::default()
            };
            let key = [
                Column::Tenant,
                Column::Contact,
                Column::Channel,
                Column::Purpose,
            ];
            tx.upsert(row, &key, &[Column::WithdrawnTime]).await?;
        }
    }
    Ok(())
}

/// What was withdrawn under a number that is erased, for the contact points of this profile.
pub(crate) async fn of_profile(tx: &Tx, profile: &Profile) -> Result<Vec<Consent>, Error> {
    let mut contacts = Vec::with_capacity(profile.contact_points.len());
    for contact in &profile.contact_points {
        contacts.push(fingerprint(tx, contact).await?);
    }
    if contacts.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx
        .find::<Entity>()
        .filter(Column::Contact.is_in(contacts))
        .all()
        .await?;
    rows.into_iter()
        .map(|row| {
            read(&row).ok_or(Error::Corrupt {
                what: "opt-out",
                source: None,
            })
        })
        .collect()
}

fn read(row: &Model) -> Option<Consent> {
    Some(Consent {
        channel: ConsentChannel::from_proto(row.channel)?,
        purpose: Purpose::from_proto(row.purpose)?,
        granted: false,
        source: "opt-out kept after an erasure".to_owned(),
        text_shown: "Withdrawn for this contact point under a customer number that was erased."
            .to_owned(),
        occurred_time: Timestamp::from_micros(row.withdrawn_time),
    })
}

async fn fingerprint(tx: &Tx, contact: &ContactPoint) -> Result<String, StoreError> {
    let kind = match contact.kind {
        ContactKind::Email => "email",
        ContactKind::Phone => "phone",
        ContactKind::PushToken => "push",
    };
    let value = contact.value.trim().to_lowercase();
    tx.fingerprint(&format!("{kind}:{value}")).await
}

const fn channel_of(kind: ContactKind) -> ConsentChannel {
    match kind {
        ContactKind::Email => ConsentChannel::Email,
        ContactKind::Phone => ConsentChannel::Sms,
        ContactKind::PushToken => ConsentChannel::Push,
    }
}
