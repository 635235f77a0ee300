//! WatchOrder: the order as it is, then again at every change. Changes that come together are sent
//! as one. Ends when the client goes; the chassis ends it when the service drains.

use std::{pin::pin, time::Duration};

use futures_util::Stream;
use postlude_chassis::Caller;
use postlude_kernel::TenantId;
use postlude_proto::orders::v1::{Order, WatchOrderRequest};
use tokio::sync::watch;

use crate::{App, convert::order::to_proto, domain, error::Error, store::orders};

/// A burst of changes settles for this long before the order is read again.
const SETTLE: Duration = Duration::from_millis(20);

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: WatchOrderRequest,
) -> Result<impl Stream<Item = Result<Order, Error>> + Send + 'static, Error> {
    // Listens before it reads, so that no change falls in between.
    let changes = app.store.changes();
    let mut watch = Watch {
        app: app.clone(),
        tenant: caller.tenant,
        order_id: request.order_id,
        sent: 0,
        changes,
    };
    let first = watch.read().await?;
    watch.sent = first.revision;
    let first = to_proto(&first);
    Ok(futures_util::stream::unfold(
        (Some(first), Some(watch)),
        |(first, watch)| async move {
            let mut watch = watch?;
            if let Some(first) = first {
                return Some((Ok(first), (None, Some(watch))));
            }
            match watch.next().await {
                Ok(order) => Some((Ok(order), (None, Some(watch)))),
                Err(error) => Some((Err(error), (None, None))),
            }
        },
    ))
}

struct Watch {
    app: App,
    tenant: TenantId,
    order_id: String,
    /// The revision that the client has.
    sent: i64,
    changes: watch::Receiver<u64>,
}

impl Watch {
    async fn next(&mut self) -> Result<Order, Error> {
        loop {
            self.wait().await;
            let order = self.read().await?;
            if order.revision > self.sent {
                self.sent = order.revision;
                return Ok(to_proto(&order));
            }
        }
    }

    /// Until something has changed in this process, or it is time to look for another replica's
    /// changes.
    async fn wait(&mut self) {
        let mut poll = pin!(tokio::time::sleep(self.app.config.watch_poll()));
        tokio::select! {
            changed = self.changes.changed() => {
                if changed.is_ok() {
                    tokio::time::sleep(SETTLE).await;
                    self.changes.borrow_and_update();
                } else {
                    // Nobody commits any more; the store is going down.
                    poll.as_mut().await;
                }
            }
            () = poll.as_mut() => {}
        }
    }

    async fn read(&self) -> Result<domain::order::Order, Error> {
        orders::get(&self.app.store.read(&self.tenant).await?, &self.order_id).await
    }
}
