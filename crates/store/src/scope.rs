//! Reading within one tenant. There is no other way to read.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
};

use postlude_kernel::TenantId;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, Value, sea_query::IntoCondition,
};

use crate::{Store, StoreError, tables::tombstone};

/// A table whose rows belong to tenants. Every entity of a service implements it.
pub trait TenantTable: EntityTrait {
    /// The column that holds the tenant.
    fn tenant_column() -> Self::Column;
}

/// Something to read from, within one tenant: a [`Snapshot`] or a [`Tx`](crate::Tx).
pub trait Scope: Sync {
    /// The tenant.
    fn tenant(&self) -> &TenantId;

    /// The tenant's rows of a table.
    fn find<E: TenantTable>(&self) -> Rows<'_, E>;

    /// Whether a customer of the tenant has been erased. Ask before anything about a customer is
    /// written from an event, so that a replay brings nobody back.
    fn is_erased(&self, customer_id: &str)
    -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// The tenant's rows as they are at one moment. Read and let go: it holds a connection.
pub struct Snapshot {
    pub(crate) session: Session,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot({})", self.session.tenant)
    }
}

impl Scope for Snapshot {
    fn tenant(&self) -> &TenantId {
        &self.session.tenant
    }

    fn find<E: TenantTable>(&self) -> Rows<'_, E> {
        Rows::of(&self.session)
    }

    fn is_erased(
        &self,
        customer_id: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        self.session.is_erased(customer_id)
    }
}

/// An open transaction of a tenant. Remembers whether a statement failed: PostgreSQL answers a commit
/// after that with success and keeps nothing, and SQLite may have ended the transaction by itself, so
/// that a further statement would be on its own and stay.
pub(crate) struct Session {
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
    connection: DatabaseTransaction,
    failed: AtomicBool,
}

impl Session {
    pub(crate) fn new(store: Store, tenant: TenantId, connection: DatabaseTransaction) -> Self {
        Self {
            store,
            tenant,
            connection,
            failed: AtomicBool::new(false),
        }
    }

    /// Passes a statement's answer on and remembers a failure.
    pub(crate) fn note<T, E: Into<StoreError>>(
        &self,
        answer: Result<T, E>,
    ) -> Result<T, StoreError> {
        answer.map_err(|error| {
            self.failed.store(true, Ordering::Release);
            error.into()
        })
    }

    /// What statements are issued on, while none has failed.
    pub(crate) fn connection(&self) -> Result<&DatabaseTransaction, StoreError> {
        if self.failed.load(Ordering::Acquire) {
            return Err(StoreError::internal(
                "a statement after another of its transaction failed",
            ));
        }
        Ok(&self.connection)
    }

    /// Ends the transaction, if no statement has failed.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.connection()?;
        Ok(self.connection.commit().await?)
    }

    /// See [`Store::plan_by_values`].
    pub(crate) async fn plan_by_values(&self) -> Result<(), StoreError> {
        self.note(self.store.plan_by_values(self.connection()?).await)
    }

    pub(crate) async fn is_erased(&self, customer_id: &str) -> Result<bool, StoreError> {
        let salt = self.note(self.store.salt(self.connection()?).await)?;
        let hash = crate::erasure::hash(&salt, &self.tenant, customer_id);
        let found = tombstone::Entity::find_by_id((self.tenant.as_str().to_owned(), hash))
            .one(self.connection()?)
            .await;
        Ok(self.note(found)?.is_some())
    }
}

/// Rows of one table and one tenant. Narrow them, then ask for them.
#[must_use = "rows are only asked for by `one`, `all` or `count`"]
pub struct Rows<'a, E: EntityTrait> {
    session: &'a Session,
    select: Select<E>,
    /// Whether a condition lists values.
    lists: bool,
}

impl<E: EntityTrait> std::fmt::Debug for Rows<'_, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rows")
    }
}

impl<'a, E: TenantTable> Rows<'a, E> {
    pub(crate) fn of(session: &'a Session) -> Self {
        Self {
            session,
            select: E::find().filter(E::tenant_column().eq(session.tenant.as_str())),
            lists: false,
        }
    }

    /// Keeps the rows that meet the condition as well.
    pub fn filter(mut self, condition: impl IntoCondition) -> Self {
        self.select = self.select.filter(condition.into_condition());
        self
    }

    /// Keeps the rows that have one of these values in a column, however many values that are.
    pub fn among<V: Into<Value>>(
        mut self,
        column: E::Column,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.lists = true;
        self.filter(column.is_in(values))
    }

    /// Orders by a column, smallest first; after the orders given before.
    pub fn order_by_asc(mut self, column: E::Column) -> Self {
        self.select = self.select.order_by_asc(column);
        self
    }

    /// Orders by a column, largest first; after the orders given before.
    pub fn order_by_desc(mut self, column: E::Column) -> Self {
        self.select = self.select.order_by_desc(column);
        self
    }

    /// Takes no more than `limit` rows.
    pub fn limit(mut self, limit: u64) -> Self {
        self.select = self.select.limit(limit);
        self
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn one(self) -> Result<Option<E::Model>, StoreError> {
        let answer = self.select.one(self.session.connection()?).await;
        self.session.note::<_, DbErr>(answer)
    }

    /// Every row.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn all(self) -> Result<Vec<E::Model>, StoreError> {
        if self.lists {
            self.session.plan_by_values().await?;
        }
        let answer = self.select.all(self.session.connection()?).await;
        self.session.note::<_, DbErr>(answer)
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn count(self) -> Result<u64, StoreError>
    where
        E::Model: Sync,
    {
        let answer = self.select.count(self.session.connection()?).await;
        self.session.note::<_, DbErr>(answer)
    }
}
