//! A change of what answers a tenant's hooks: one transaction over the tenant's rows, the events,
//! the remembered reply and the platform's bindings.

use std::collections::BTreeMap;

use postlude_kernel::TenantId;
use postlude_proto::plugins::v1::{self as proto, PluginBindingsChanged};
use postlude_store::RequestKey;

use super::{bindings, generations, history, installations};
use crate::{
    App, Error, convert,
    domain::{FaultAction, Installation, State, installation},
};

/// What was read before a change was decided.
#[derive(Debug)]
pub(crate) struct Read {
    /// Every installation of the tenant.
    pub(crate) all: Vec<Installation>,
    generation: i64,
}

/// Reads what a change is decided on.
pub(crate) async fn read(app: &App, tenant: &TenantId) -> Result<Read, Error> {
    let scope = app.store.read(tenant).await?;
    Ok(Read {
        generation: generations::newest(&scope).await?,
        all: installations::all(&scope).await?,
    })
}

/// Saves the changed installations and answers with `reply`, remembered under `key`.
///
/// The tenant's counter is moved first: of two changes that read the same state one starts over.
pub(crate) async fn save(
    app: &App,
    tenant: &TenantId,
    key: &Option<RequestKey>,
    read: Read,
    changes: &[Installation],
    reply: proto::Installation,
) -> Result<proto::Installation, Error> {
    let mut tx = app.store.begin(tenant).await?;
    tx.remember(key, &reply).await?;
    let newest = changes.iter().map(|change| change.generation).max();
    let Some(newest) = newest else {
        tx.commit().await?;
        return Ok(reply);
    };
    generations::advance(&mut tx, read.generation, newest).await?;
    let mut after = read.all;
    for change in changes {
        installations::save(&mut tx, change).await?;
        if change.state == State::Active {
            history::keep(&mut tx, change).await?;
        }
        let event = PluginBindingsChanged {
            installation: Some(convert::installation::to_proto(change)),
        };
        tx.emit(&change.plugin_id, change.revision, &event).await?;
        after.retain(|one| one.plugin_id != change.plugin_id);
        after.push(change.clone());
    }
    let mut before = BTreeMap::new();
    for one in &after {
        if one.state == State::Active && one.fault_action == FaultAction::PreviousGeneration {
            let history = history::newest(&tx, &one.plugin_id).await?;
            if let Some(found) = installation::stand_in(one, &history) {
                before.insert(one.plugin_id.clone(), found.clone());
            }
        }
    }
    tx.enter(&app.platform).await?;
    bindings::replace(&mut tx, tenant, &after, &before).await?;
    let platform = generations::newest(&tx).await?;
    generations::advance(&mut tx, platform, platform + 1).await?;
    tx.commit().await?;
    Ok(reply)
}
