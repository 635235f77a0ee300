//! Forgetting a customer: the tombstone, and the copies of events and answers about them.

mod writers;

use std::collections::{HashMap, HashSet};

use postlude_kernel::TenantId;
use prost::Message as _;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use sha2::{Digest as _, Sha256};

use crate::{
    Store, StoreError, Tx,
    envelope::Redaction,
    tables::{idempotency, outbox, secret, tombstone},
};

const SALT: &str = "customer-salt";

/// What lost its content when a customer was buried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Redacted {
    /// Events in the outbox.
    pub events: u64,
    /// Remembered answers.
    pub replies: u64,
}

/// A customer's mark: says nothing to whoever reads the database, and is the same each time.
pub(crate) fn hash(salt: &str, tenant: &TenantId, customer_id: &str) -> String {
    let mut digest = Sha256::new();
    for part in [salt, tenant.as_str(), customer_id] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    hex::encode(digest.finalize())
}

impl Store {
    /// The salt of this database's hashes, made when it was migrated.
    pub(crate) async fn salt(
        &self,
        connection: &DatabaseTransaction,
    ) -> Result<String, StoreError> {
        let salt = self.salt_cell();
        salt.get_or_try_init(|| async {
            secret::Entity::find_by_id(SALT)
                .one(connection)
                .await?
                .map(|row| row.value)
                .ok_or_else(|| StoreError::internal("the database has not been migrated"))
        })
        .await
        .cloned()
    }

    /// Makes the salt, once per database.
    pub(crate) async fn make_salt(
        &self,
        connection: &DatabaseTransaction,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let value = format!("{}{}", self.ids().ulid(now), self.ids().ulid(now));
        secret::Entity::insert(secret::ActiveModel {
            name: Set(SALT.to_owned()),
            value: Set(value),
        })
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(connection)
        .await?;
        Ok(())
    }
}

impl Tx {
    /// Marks for rows about these customers: hashes between bars.
    pub(crate) async fn marks(&self, customers: &[String]) -> Result<String, StoreError> {
        if customers.is_empty() {
            return Ok(String::new());
        }
        let salt = self
            .session
            .note(self.session.store.salt(self.session.connection()?).await)?;
        let mut marks = String::from("|");
        for customer in customers {
            marks.push_str(&hash(&salt, &self.session.tenant, customer));
            marks.push('|');
        }
        Ok(marks)
    }

    /// Those of these customers who have been erased: [`is_erased`](crate::Scope::is_erased) for many.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn erased_among(
        &self,
        customer_ids: impl IntoIterator<Item = &str> + Send,
    ) -> Result<HashSet<String>, StoreError> {
        let salt = self
            .session
            .note(self.session.store.salt(self.session.connection()?).await)?;
        let by_hash: HashMap<String, &str> = customer_ids
            .into_iter()
            .map(|id| (hash(&salt, &self.session.tenant, id), id))
            .collect();
        self.session.plan_by_values().await?;
        let answer = tombstone::Entity::find()
            .filter(tombstone::Column::Tenant.eq(self.session.tenant.as_str()))
            .filter(tombstone::Column::Customer.is_in(by_hash.keys().map(String::as_str)))
            .all(self.session.connection()?)
            .await;
        let erased = self.session.note(answer)?;
        Ok(erased
            .iter()
            .filter_map(|row| by_hash.get(&row.customer))
            .map(|id| (*id).to_owned())
            .collect())
    }

    /// A salted hash of a text, the same each time and of no use to whoever reads the database: for
    /// what must be recognised after it was forgotten.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn fingerprint(&self, text: &str) -> Result<String, StoreError> {
        let salt = self
            .session
            .note(self.session.store.salt(self.session.connection()?).await)?;
        Ok(hash(&salt, &self.session.tenant, text))
    }

    /// Puts up the customer's tombstone and takes the content out of every copy that this store keeps
    /// of what was said about them: published events, events still on their way once they are out,
    /// remembered answers. The bus is told to empty its dead letters, by an event of its own. Once more
    /// after [`Store::outwait_writers`], it takes what was being written meanwhile.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn bury(&mut self, customer_id: &str) -> Result<Redacted, StoreError> {
        let marks = self.marks(&[customer_id.to_owned()]).await?;
        let tenant = self.session.tenant.as_str().to_owned();
        let row = tombstone::ActiveModel {
            tenant: Set(tenant.clone()),
            customer: Set(marks.trim_matches('|').to_owned()),
            buried_at: Set(self.now().as_micros()),
        };
        let answer = tombstone::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(self.session.connection()?)
            .await;
        self.session.note(answer)?;

        let events = self.redact_outbox(&tenant, &marks).await?;
        let answer = idempotency::Entity::update_many()
            .col_expr(idempotency::Column::Reply, Expr::value(Vec::<u8>::new()))
            .col_expr(idempotency::Column::Redacted, Expr::value(true))
            .filter(idempotency::Column::Tenant.eq(&tenant))
            .filter(idempotency::Column::Customers.contains(&marks))
            .filter(idempotency::Column::Redacted.eq(false))
            .exec(self.session.connection()?)
            .await;
        let replies = self.session.note(answer)?.rows_affected;
        Ok(Redacted { events, replies })
    }

    async fn redact_outbox(&mut self, tenant: &str, marks: &str) -> Result<u64, StoreError> {
        let about = || {
            sea_orm::Condition::all()
                .add(outbox::Column::Tenant.eq(tenant))
                .add(outbox::Column::Customers.contains(marks))
                .add(outbox::Column::Redacted.eq(false))
        };
        let answer = outbox::Entity::find()
            .select_only()
            .column(outbox::Column::Id)
            .filter(about())
            .into_tuple::<String>()
            .all(self.session.connection()?)
            .await;
        let ids = self.session.note(answer)?;
        // What has not gone out yet goes out once more with its content: consumers may need the fact,
        // and they ask for the tombstone before they keep anything about the customer.
        let answer = outbox::Entity::update_many()
            .col_expr(outbox::Column::Payload, Expr::value(Vec::<u8>::new()))
            .filter(about())
            .filter(outbox::Column::PublishedAt.is_not_null())
            .exec(self.session.connection()?)
            .await;
        self.session.note(answer)?;
        let answer = outbox::Entity::update_many()
            .col_expr(outbox::Column::Redacted, Expr::value(true))
            .filter(about())
            .exec(self.session.connection()?)
            .await;
        let events = self.session.note(answer)?.rows_affected;
        for ids in ids.chunks(500) {
            let redaction = Redaction {
                event_ids: ids.to_vec(),
            };
            self.stage(
                Redaction::DOMAIN,
                Redaction::NAME,
                Redaction::TYPE,
                "dead-letters",
                0,
                redaction.encode_to_vec(),
            );
        }
        Ok(events)
    }
}
