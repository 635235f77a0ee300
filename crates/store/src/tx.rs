//! One transaction of one tenant: everything that one request, event or timer changes.

mod tell;

use postlude_kernel::{TenantId, Timestamp};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, Value,
    sea_query::{IntoCondition, OnConflict},
};

pub(crate) use self::tell::Staged;
use crate::{
    Rows, Scope, StoreError,
    scope::{Session, TenantTable},
    tables::inbox,
};

/// A transaction of one tenant. Dropping it rolls back.
///
/// Keep it short: on SQLite it is the only writer while it lives. Nothing outside the database is
/// called while one is open, and a second one is never begun beside it.
pub struct Tx {
    pub(crate) session: Session,
    pub(crate) staged: Staged,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tx({})", self.session.tenant)
    }
}

impl Scope for Tx {
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

impl Tx {
    /// Inserts a row. The tenant column is set here.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a row with one of its unique keys is there: begun again, the work
    /// sees it.
    pub async fn insert<A>(&mut self, row: A) -> Result<(), StoreError>
    where
        A: ActiveModelTrait + Send,
        A::Entity: TenantTable,
    {
        let row = self.owned(row)?;
        let answer = A::Entity::insert(row)
            .exec_without_returning(self.session.connection()?)
            .await;
        self.session.note(answer).map(|_| ())
    }

    /// Inserts rows; the same columns must be set in each.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub async fn insert_all<A>(&mut self, rows: Vec<A>) -> Result<(), StoreError>
    where
        A: ActiveModelTrait + Send,
        A::Entity: TenantTable,
    {
        let rows = rows
            .into_iter()
            .map(|row| self.owned(row))
            .collect::<Result<Vec<_>, _>>()?;
        // A statement takes 32,766 values on SQLite and 65,535 on PostgreSQL.
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let chunk: Vec<A> = rows.by_ref().take(500).collect();
            let answer = A::Entity::insert_many(chunk)
                .exec_without_returning(self.session.connection()?)
                .await;
            self.session.note(answer)?;
        }
        Ok(())
    }

    /// Inserts a row or, where one with the same `key` is there, sets its columns `update`. With no
    /// column to update the row that is there stays as it is.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn upsert<A>(
        &mut self,
        row: A,
        key: &[<A::Entity as EntityTrait>::Column],
        update: &[<A::Entity as EntityTrait>::Column],
    ) -> Result<(), StoreError>
    where
        A: ActiveModelTrait + Send,
        A::Entity: TenantTable,
    {
        let row = self.owned(row)?;
        let mut on_conflict = OnConflict::columns(key.iter().copied());
        if update.is_empty() {
            on_conflict.do_nothing();
        } else {
            on_conflict.update_columns(update.iter().copied());
        }
        let answer = A::Entity::insert(row)
            .on_conflict(on_conflict)
            .exec_without_returning(self.session.connection()?)
            .await;
        self.session.note(answer).map(|_| ())
    }

    /// Sets the set columns of `row` on the tenant's rows that meet the condition; answers how many.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn update<E: TenantTable>(
        &mut self,
        mut row: impl ActiveModelTrait<Entity = E> + Send,
        condition: impl IntoCondition,
    ) -> Result<u64, StoreError> {
        row.not_set(E::tenant_column());
        let statement = E::update_many()
            .set(row)
            .filter(E::tenant_column().eq(self.session.tenant.as_str()))
            .filter(condition.into_condition());
        let answer = statement.exec(self.session.connection()?).await;
        self.session.note(answer).map(|result| result.rows_affected)
    }

    /// As [`update`](Self::update), for exactly one row: put the version that was read into the
    /// condition.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it was not one row: somebody else changed it since it was read.
    pub async fn update_one<E: TenantTable>(
        &mut self,
        row: impl ActiveModelTrait<Entity = E> + Send,
        condition: impl IntoCondition,
    ) -> Result<(), StoreError> {
        let rows = self.update::<E>(row, condition).await?;
        if rows == 1 {
            return Ok(());
        }
        let table = E::default().table_name().to_owned();
        self.session.note(Err(StoreError::Conflict(table)))
    }

    /// Deletes the tenant's rows that meet the condition; answers how many.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn delete<E: TenantTable>(
        &mut self,
        condition: impl IntoCondition,
    ) -> Result<u64, StoreError> {
        let statement = E::delete_many()
            .filter(E::tenant_column().eq(self.session.tenant.as_str()))
            .filter(condition.into_condition());
        let answer = statement.exec(self.session.connection()?).await;
        self.session.note(answer).map(|result| result.rows_affected)
    }

    /// Notes that a consumer sees an event; answers whether it is the first time. If it isn't, there
    /// is nothing to do.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn first_sight(
        &mut self,
        consumer: &str,
        event_id: &str,
    ) -> Result<bool, StoreError> {
        let row = inbox::ActiveModel {
            tenant: Set(self.session.tenant.as_str().to_owned()),
            consumer: Set(consumer.to_owned()),
            event_id: Set(event_id.to_owned()),
            seen_at: Set(self.session.store.now().as_micros()),
        };
        let answer = inbox::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(self.session.connection()?)
            .await;
        self.session.note(answer).map(|rows| rows == 1)
    }

    /// Goes on as another tenant: what follows is read and written there, what was done before stays
    /// where it was. For a registry that keeps the platform's own rows in step with a tenant's, in one
    /// transaction. It doesn't go together with [`about`](Self::about): a customer is one tenant's.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn enter(&mut self, tenant: &TenantId) -> Result<(), StoreError> {
        let answer = self
            .session
            .store
            .set_tenant(self.session.connection()?, tenant)
            .await;
        self.session.note(answer)?;
        self.session.tenant = tenant.clone();
        Ok(())
    }

    /// Makes it all happen.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if somebody else was faster. A transaction in which a statement failed
    /// is never committed.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let store = self.session.store.clone();
        let events = !self.staged.events.is_empty();
        let timers = self.staged.timers;
        self.write_staged().await?;
        self.session.commit().await?;
        store.committed(events, timers);
        Ok(())
    }

    fn owned<A>(&self, mut row: A) -> Result<A, StoreError>
    where
        A: ActiveModelTrait,
        A::Entity: TenantTable,
    {
        let tenant = Value::from(self.session.tenant.as_str());
        row.try_set(<A::Entity as TenantTable>::tenant_column(), tenant)?;
        Ok(row)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.session.store.now()
    }
}
