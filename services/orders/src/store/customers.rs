//! Customers: that there is one, and how often their profile has changed. Nothing personal.
//!
//! A customer is loaded and saved here as a whole; the personal part is in
//! [`super::customer_profiles`], what they agreed to in [`super::consents`].

use postlude_kernel::Timestamp;
use postlude_store::{Scope, StoreError, TenantTable, Tx};
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*};

use super::{consents, customer_profiles};
use crate::{
    domain::{consent, consent::Consent, customer::Customer},
    error::Error,
};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: String,
    pub revision: i64,
    pub update_time: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantTable for Entity {
    fn tenant_column() -> Self::Column {
        Column::Tenant
    }
}

/// A customer with the whole history of their consents.
pub(crate) struct Found {
    pub(crate) customer: Customer,
    pub(crate) history: Vec<Consent>,
}

/// A customer, if the tenant knows them.
pub(crate) async fn find(scope: &impl Scope, customer_id: &str) -> Result<Option<Found>, Error> {
    let row = scope
        .find::<Entity>()
        .filter(Column::CustomerId.eq(customer_id))
        .one()
        .await?;
    let Some(row) = row else { return Ok(None) };
    let Some(profile) = customer_profiles::find(scope, customer_id).await? else {
        return Ok(None);
    };
    let history = consents::of_customer(scope, customer_id).await?;
    Ok(Some(Found {
        customer: Customer {
            profile,
            consents: consent::latest(&history),
            revision: row.revision,
            update_time: Timestamp::from_micros(row.update_time),
        },
        history,
    }))
}

/// Saves a customer's profile. `seen` is the revision that the change was decided on; none for a
/// new customer. Consents go into their history by [`consents::insert`].
///
/// # Errors
/// [`StoreError::Conflict`] if somebody else changed the customer since.
pub(crate) async fn save(
    tx: &mut Tx,
    seen: Option<i64>,
    customer: &Customer,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        customer_id: Set(customer.profile.customer_id.clone()),
        revision: Set(customer.revision),
        update_time: Set(customer.update_time.as_micros()),
        ..Default::default()
    };
    match seen {
        None => tx.insert(row).await?,
        Some(seen) => {
            let version = Condition::all()
                .add(Column::CustomerId.eq(&customer.profile.customer_id))
                .add(Column::Revision.eq(seen));
            tx.update_one::<Entity>(row, version).await?;
        }
    }
    customer_profiles::save(tx, &customer.profile).await
}

/// Deletes all that is kept of a customer; answers how many rows it was.
pub(crate) async fn delete(tx: &mut Tx, customer_id: &str) -> Result<u64, StoreError> {
    let customers = tx
        .delete::<Entity>(Column::CustomerId.eq(customer_id))
        .await?;
    let profiles = customer_profiles::delete(tx, customer_id).await?;
    let consents = consents::delete(tx, customer_id).await?;
    Ok(customers + profiles + consents)
}
