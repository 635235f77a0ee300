//! What a transaction tells and remembers: gathered while it runs, written with the commit.

use std::future::{Ready, ready};

use postlude_proto::Event;
use sea_orm::{ActiveValue::Set, EntityTrait};

use crate::{
    RequestKey, StoreError, Tx,
    tables::{idempotency, outbox},
};

/// What goes in with the commit.
#[derive(Default)]
pub(crate) struct Staged {
    pub(crate) events: Vec<outbox::ActiveModel>,
    pub(crate) replies: Vec<idempotency::ActiveModel>,
    pub(crate) customers: Vec<String>,
    pub(crate) timers: bool,
}

impl Tx {
    /// Tells an event with the aggregate's new revision. It goes out after the commit.
    ///
    /// # Errors
    /// None now; what is wrong shows at the commit.
    pub fn emit<E: Event>(
        &mut self,
        aggregate_id: &str,
        revision: i64,
        event: &E,
    ) -> Ready<Result<(), StoreError>> {
        self.stage(
            E::DOMAIN,
            E::NAME,
            E::TYPE,
            aggregate_id,
            revision,
            event.encode_to_vec(),
        );
        ready(Ok(()))
    }

    /// As [`emit`](Self::emit), for a transaction about many customers: the event loses its content
    /// when this one is erased, whoever else the transaction is [`about`](Self::about).
    ///
    /// # Errors
    /// None now; what is wrong shows at the commit.
    pub fn emit_about<E: Event>(
        &mut self,
        customer_id: &str,
        aggregate_id: &str,
        revision: i64,
        event: &E,
    ) -> Ready<Result<(), StoreError>> {
        let told = self.emit(aggregate_id, revision, event);
        if let Some(event) = self.staged.events.last_mut() {
            // The number becomes a mark before it is written.
            event.customers = Set(customer_id.to_owned());
        }
        told
    }

    pub(crate) fn stage(
        &mut self,
        domain: &str,
        name: &str,
        r#type: &str,
        subject: &str,
        revision: i64,
        payload: Vec<u8>,
    ) {
        let store = &self.session.store;
        let now = store.now();
        self.staged.events.push(outbox::ActiveModel {
            id: Set(store.ids().id("evt", now)),
            tenant: Set(self.session.tenant.as_str().to_owned()),
            domain: Set(domain.to_owned()),
            name: Set(name.to_owned()),
            r#type: Set(r#type.to_owned()),
            subject: Set(subject.to_owned()),
            revision: Set(revision),
            traceparent: Set(crate::trace::current()),
            payload: Set(payload),
            created_at: Set(now.as_micros()),
            published_at: Set(None),
            redacted: Set(false),
            ..Default::default()
        });
    }

    /// Remembers the answer to a request, for [`Store::recall`](crate::Store::recall).
    ///
    /// # Errors
    /// None now. A request that lost the race against its own double learns it at the commit, as
    /// [`StoreError::Conflict`]; begun again, it recalls the winner's answer.
    pub fn remember<R: prost::Message>(
        &mut self,
        key: &Option<RequestKey>,
        reply: &R,
    ) -> Ready<Result<(), StoreError>> {
        if let Some(key) = key {
            self.staged.replies.push(idempotency::ActiveModel {
                tenant: Set(self.session.tenant.as_str().to_owned()),
                method: Set(key.method.to_owned()),
                request_id: Set(key.request_id.clone()),
                digest: Set(key.digest.clone()),
                reply: Set(reply.encode_to_vec()),
                created_at: Set(self.session.store.now().as_micros()),
                redacted: Set(false),
                ..Default::default()
            });
        }
        ready(Ok(()))
    }

    /// Says whom this transaction is about: its events and its remembered answer lose their content
    /// when the customer is erased.
    pub fn about(&mut self, customer_id: &str) {
        if !customer_id.is_empty() && !self.staged.customers.iter().any(|id| id == customer_id) {
            self.staged.customers.push(customer_id.to_owned());
        }
    }

    pub(super) async fn write_staged(&mut self) -> Result<(), StoreError> {
        let Staged {
            mut events,
            mut replies,
            customers,
            ..
        } = std::mem::take(&mut self.staged);
        let customers = self.marks(&customers).await?;
        for reply in &mut replies {
            reply.customers = Set(customers.clone());
        }
        for event in &mut events {
            let own = event.customers.take();
            event.customers = Set(match own {
                Some(customer_id) => self.marks(&[customer_id]).await?,
                None => customers.clone(),
            });
        }
        // The record first: the loser of a race stops here.
        for reply in replies {
            let answer = idempotency::Entity::insert(reply)
                .exec_without_returning(self.session.connection()?)
                .await;
            self.session.note(answer)?;
        }
        while !events.is_empty() {
            let rest = events.split_off(events.len().min(500));
            let answer = outbox::Entity::insert_many(events)
                .exec_without_returning(self.session.connection()?)
                .await;
            self.session.note(answer)?;
            events = rest;
        }
        Ok(())
    }
}
