//! The return as it is, then again at every change.

use std::time::Duration;

use futures_util::{Stream, stream};
use postlude_chassis::Caller;
use postlude_proto::returns::v1::{Return, WatchReturnRequest};
use tokio::sync::watch;

use crate::{app::App, convert::view::View, error::Error, save};

/// Another process' changes are seen by asking.
const POLL: Duration = Duration::from_secs(1);

/// A watch at work.
struct Watch {
    app: App,
    caller: Caller,
    return_id: String,
    /// The version that was sent last; 0 before the first.
    sent: i64,
    /// The revision that was sent last: what is saved without a revision of its own is no news.
    revision: i64,
    changes: watch::Receiver<u64>,
}

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: WatchReturnRequest,
) -> Result<impl Stream<Item = Result<Return, Error>> + Send + 'static, Error> {
    let mut watch = Watch {
        // Before the first look, so that nothing falls in between.
        changes: app.store.changes(),
        app: app.clone(),
        caller,
        return_id: request.return_id,
        sent: 0,
        revision: 0,
    };
    let first = watch.look().await?;
    Ok(stream::unfold((watch, first), |(mut watch, first)| async {
        if let Some(first) = first {
            return Some((Ok(first), (watch, None)));
        }
        let next = watch.next().await;
        Some((next, (watch, None)))
    }))
}

impl Watch {
    async fn next(&mut self) -> Result<Return, Error> {
        loop {
            // The end of the wait is no more than a reason to look.
            let _ = tokio::time::timeout(POLL, self.changes.changed()).await;
            if let Some(changed) = self.look().await? {
                return Ok(changed);
            }
        }
    }

    /// The return, if it has changed since it was sent last.
    async fn look(&mut self) -> Result<Option<Return>, Error> {
        let scope = self.app.store.read(&self.caller.tenant).await?;
        let state = super::find(&scope, &self.return_id).await?;
        if state.version <= self.sent {
            return Ok(None);
        }
        let reply = save::reply(&scope, &state).await?;
        self.sent = state.version;
        if reply.revision <= self.revision {
            return Ok(None);
        }
        self.revision = reply.revision;
        Ok(Some(View::of(&self.caller).of_return(reply)))
    }
}
