//! One batch of an import: what is there is read by one query, what is new is written by one
//! statement, and what changes is saved in one transaction.

use std::collections::HashMap;

use postlude_kernel::TenantId;

use super::Element;
use crate::{
    App,
    domain::{
        event::{Changed, OrderEvent},
        order::{Order, record},
        refusal::Refusal,
    },
    error::Error,
    store::orders,
};

/// What became of one order.
pub(super) enum Outcome {
    Created,
    Updated,
    Unchanged,
    Refused(Refusal),
}

/// Saves a batch; answers an outcome per element, in their order.
pub(super) async fn save(
    app: &App,
    tenant: &TenantId,
    elements: &[Element],
) -> Result<Vec<Outcome>, Error> {
    app.store
        .attempt(async || {
            let ids = elements
                .iter()
                .map(|element| element.content.order_id.clone())
                .collect();
            let known = orders::find_all(&app.store.read(tenant).await?, ids).await?;
            // A repeated import finds everything in its place and takes no writer's turn.
            if elements.iter().all(|element| is_known(&known, element)) {
                return Ok(elements.iter().map(|_| Outcome::Unchanged).collect());
            }
            let mut tx = app.store.begin(tenant).await?;
            let customers = elements
                .iter()
                .map(|element| element.content.customer_id.as_str());
            let erased = tx.erased_among(customers).await?;

            let mut batch = Batch::new(known);
            let mut outcomes = Vec::with_capacity(elements.len());
            for element in elements {
                outcomes.push(if erased.contains(&element.content.customer_id) {
                    Outcome::Refused(Refusal::CustomerErased)
                } else {
                    batch.add(element, app.store.now())
                });
            }
            let changes = batch.into_changes();
            if !changes.is_empty() {
                orders::save_all(&mut tx, &changes).await?;
                tx.commit().await?;
            }
            Ok(outcomes)
        })
        .await
}

fn is_known(known: &HashMap<String, Order>, element: &Element) -> bool {
    known
        .get(&element.content.order_id)
        .is_some_and(|order| order.content == element.content)
}

/// Orders as they will be when the batch is saved. An order that comes twice is saved once, as the
/// last one states it.
struct Batch {
    known: HashMap<String, Order>,
    changes: Vec<(Option<i64>, Changed)>,
    /// Where in `changes` an order stands.
    places: HashMap<String, usize>,
}

impl Batch {
    fn new(known: HashMap<String, Order>) -> Self {
        Self {
            known,
            changes: Vec::new(),
            places: HashMap::new(),
        }
    }

    fn add(&mut self, element: &Element, now: postlude_kernel::Timestamp) -> Outcome {
        let content = element.content.clone();
        let order_id = content.order_id.clone();
        let before = self.known.get(&order_id).cloned();
        let seen = before.as_ref().map(|order| order.revision);
        let changed = match record(before, content, "", now) {
            Ok(Some(changed)) => changed,
            Ok(None) => return Outcome::Unchanged,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        self.known.insert(order_id.clone(), changed.order.clone());
        let outcome = match seen {
            Some(_) => Outcome::Updated,
            None => Outcome::Created,
        };
        let place = self.places.get(&order_id).copied();
        match place.and_then(|place| self.changes.get_mut(place)) {
            Some((_, waiting)) => merge(waiting, changed),
            None => {
                self.places.insert(order_id, self.changes.len());
                self.changes.push((seen, changed));
            }
        }
        outcome
    }

    fn into_changes(self) -> Vec<(Option<i64>, Changed)> {
        self.changes
    }
}

/// Two changes of one order in one transaction are one change: one revision after what was stored.
fn merge(waiting: &mut Changed, later: Changed) {
    let revision = waiting.order.revision;
    waiting.order = later.order;
    waiting.order.revision = revision;
    for event in later.events {
        if event != OrderEvent::Recorded || !waiting.events.contains(&event) {
            waiting.events.push(event);
        }
    }
}
