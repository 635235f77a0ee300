//! grpc.health.v1 for one service, and what its health rests on.

use std::{collections::HashSet, pin::Pin, sync::Arc};

use futures_util::{Stream, stream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health, HealthServer},
};

/// What a service's health rests on. Cheap to clone; all clones share what they know.
///
/// Without its database a service can't answer, so it isn't serving. Without the bus it can: what is
/// committed waits.
#[derive(Debug, Clone)]
pub struct Vitals {
    stop: CancellationToken,
    database: watch::Sender<bool>,
    bus: watch::Sender<bool>,
}

impl Vitals {
    /// Of a service that drains when `stop` is cancelled, and whose database and bus answer.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            stop,
            database: watch::Sender::new(true),
            bus: watch::Sender::new(true),
        }
    }

    /// Whether the service does its work now.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        !self.stop.is_cancelled() && *self.database.borrow()
    }

    /// What the service stands on, and whether it answers.
    #[must_use]
    pub fn dependencies(&self) -> [(&'static str, bool); 2] {
        [
            ("database", *self.database.borrow()),
            ("bus", *self.bus.borrow()),
        ]
    }

    /// Whether the database answers; true if that is new.
    pub(crate) fn set_database(&self, answers: bool) -> bool {
        set(&self.database, answers)
    }

    /// Whether the bus answers; true if that is new.
    pub(crate) fn set_bus(&self, answers: bool) -> bool {
        set(&self.bus, answers)
    }

    fn status(&self) -> ServingStatus {
        if self.is_serving() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        }
    }
}

fn set(state: &watch::Sender<bool>, answers: bool) -> bool {
    state.send_if_modified(|before| std::mem::replace(before, answers) != answers)
}

/// Answers SERVING for the names it knows, and for the empty one, while the service does its work.
#[derive(Debug, Clone)]
pub struct ServiceHealth {
    names: Arc<HashSet<String>>,
    vitals: Vitals,
}

impl ServiceHealth {
    /// Health of the gRPC services `names`.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = String>, vitals: Vitals) -> Self {
        Self {
            names: Arc::new(names.into_iter().collect()),
            vitals,
        }
    }

    /// The same, as a server for routes.
    #[must_use]
    pub fn server(names: impl IntoIterator<Item = String>, vitals: Vitals) -> HealthServer<Self> {
        HealthServer::new(Self::new(names, vitals))
    }

    fn knows(&self, name: &str) -> bool {
        name.is_empty() || self.names.contains(name)
    }
}

/// A response with this status.
#[must_use]
pub fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: i32::from(status),
    }
}

/// The status now, then each time that it becomes another one; ends when the service drains.
fn changes(vitals: Vitals) -> impl Stream<Item = Result<HealthCheckResponse, Status>> {
    let database = vitals.database.subscribe();
    stream::unfold(
        (vitals, database, None),
        |(vitals, mut database, told)| async move {
            loop {
                let drained = vitals.stop.is_cancelled();
                let now = vitals.status();
                if told != Some(now) {
                    return Some((Ok(response(now)), (vitals, database, Some(now))));
                }
                if drained {
                    return None;
                }
                tokio::select! {
                    () = vitals.stop.cancelled() => {}
                    _ = database.changed() => {}
                }
            }
        },
    )
}

#[tonic::async_trait]
impl Health for ServiceHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let name = &request.get_ref().service;
        if self.knows(name) {
            Ok(Response::new(response(self.vitals.status())))
        } else {
            // What the health protocol asks for, without details.
            Err(Status::not_found(format!("no service {name} here")))
        }
    }

    type WatchStream =
        Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send + 'static>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        if !self.knows(&request.get_ref().service) {
            let unknown = Ok(response(ServingStatus::ServiceUnknown));
            let stays = stream::unfold(Some(unknown), |told| async move {
                match told {
                    Some(unknown) => Some((unknown, None)),
                    None => std::future::pending().await,
                }
            });
            return Ok(Response::new(Box::pin(stays)));
        }
        Ok(Response::new(Box::pin(changes(self.vitals.clone()))))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn a_watch_hears_of_the_database_and_of_the_end() {
        let stop = CancellationToken::new();
        let vitals = Vitals::new(stop.clone());
        let mut heard = std::pin::pin!(changes(vitals.clone()));
        let mut next = async || heard.next().await.map(|told| told.unwrap().status());
        assert_eq!(next().await, Some(ServingStatus::Serving));
        assert!(vitals.set_database(false));
        assert!(!vitals.set_database(false), "that is nothing new");
        assert_eq!(next().await, Some(ServingStatus::NotServing));
        assert!(vitals.set_database(true));
        assert_eq!(next().await, Some(ServingStatus::Serving));
        assert!(vitals.set_bus(false));
        assert!(vitals.is_serving(), "what is committed waits for the bus");
        stop.cancel();
        assert_eq!(next().await, Some(ServingStatus::NotServing));
        assert_eq!(next().await, None);
    }
}
