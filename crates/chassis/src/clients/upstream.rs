//! The replicas of a service that runs elsewhere: which one is asked, when another one is, and when
//! nobody is.
//!
//! - Replicas take turns; one that can't be reached is left alone for a while ([`Breaker`]).
//! - A call that never left goes to the next replica. One that may have arrived is made again only if
//!   it changes nothing, and only while the [`Budget`] lasts: retries don't feed an overload.

mod meter;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, request::Parts};
use http_body_util::{BodyExt as _, Full};
use postlude_proto::Method;
use tokio::time::Instant;
use tonic::{Code, body::Body, transport::Channel};
use tower::{Service as _, ServiceExt as _};

/// So many failures in a row open a breaker.
const FAILURES: u32 = 5;
/// An open breaker lets a call try after this long, and after longer each time it fails.
const OPEN_FIRST: Duration = Duration::from_millis(250);
const OPEN_MOST: Duration = Duration::from_secs(2);
/// Each call puts in one, each retry takes ten: one call in ten may be made again.
const RETRY_COSTS: u32 = 10;
const BUDGET_MOST: u32 = 500;
/// A call is made three times at most.
const TRIES: usize = 3;
/// The wait before the same replica is asked again.
const PAUSE: Duration = Duration::from_millis(25);

/// Why a request got no response.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The connection.
    #[error("the connection failed")]
    Transport(#[from] tonic::transport::Error),
    /// The request's own body broke off.
    #[error("the request broke off")]
    Body(#[source] Box<tonic::Status>),
    /// No replica can be reached, and it is too early to try again.
    #[error("no replica could be reached a moment ago")]
    Open,
}

/// A service's replicas. Cheap to clone; all clones share what they know.
#[derive(Debug, Clone)]
pub struct Upstream(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    service: Arc<str>,
    replicas: Vec<Replica>,
    turn: AtomicUsize,
    budget: Budget,
}

#[derive(Debug)]
struct Replica {
    channel: Channel,
    breaker: Breaker,
}

impl Upstream {
    pub(super) fn new(service: &str, channels: Vec<Channel>) -> Self {
        let service: Arc<str> = service.into();
        let replicas = channels.into_iter().map(|channel| Replica {
            channel,
            breaker: Breaker::of(&service),
        });
        Self(Arc::new(Inner {
            replicas: replicas.collect(),
            service,
            turn: AtomicUsize::new(0),
            budget: Budget(AtomicU32::new(BUDGET_MOST / 5)),
        }))
    }

    /// Sends a request to a replica, and to the next one where that can do no harm.
    pub(super) async fn send(&self, request: Request<Body>) -> Result<Response<Body>, SendError> {
        self.0.budget.deposit();
        let method = postlude_proto::method(request.uri().path());
        if method.is_none_or(|method| method.descriptor.is_client_streaming()) {
            let replica = self.next(None).ok_or(SendError::Open)?;
            return Ok(self.0.ask(replica, request).await?);
        }
        let (parts, body) = request.into_parts();
        let body = match body.collect().await {
            Ok(body) => body,
            Err(status) => return Err(SendError::Body(Box::new(status))),
        };
        let trailers = body.trailers().cloned();
        let message = body.to_bytes();
        let harmless = method.is_some_and(changes_nothing);
        let mut last = None;
        for tries in 1..=TRIES {
            let Some(replica) = self.next(last) else {
                return Err(SendError::Open);
            };
            if last == Some(replica) {
                tokio::time::sleep(PAUSE).await;
            }
            last = Some(replica);
            let answer = self
                .0
                .ask(replica, again(&parts, &message, trailers.clone()))
                .await;
            let retry = match &answer {
                Ok(response) => harmless && is_unavailable(response.headers()),
                Err(error) => never_left(error) || (harmless && !super::is_timeout(error)),
            };
            if !retry || tries == TRIES || !self.0.budget.withdraw() {
                return Ok(answer?);
            }
            meter::retried(&self.0.service);
        }
        Err(SendError::Open)
    }

    /// Whose turn it is, of those that may be asked; not the one that was asked last, if there is
    /// another.
    fn next(&self, last: Option<usize>) -> Option<usize> {
        let count = self.0.replicas.len();
        let turn = self.0.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..count).map(|step| (turn.wrapping_add(step)) % count);
        let others = in_turn.clone().filter(|place| Some(*place) != last);
        others.chain(last).find(|place| {
            let replica = self.0.replicas.get(*place);
            replica.is_some_and(|replica| replica.breaker.lets_pass())
        })
    }
}

impl Inner {
    async fn ask(
        &self,
        place: usize,
        request: Request<Body>,
    ) -> Result<Response<Body>, tonic::transport::Error> {
        let Some(replica) = self.replicas.get(place) else {
            return Ok(Response::default());
        };
        let mut channel = replica.channel.clone();
        let trial = replica.breaker.trial();
        let answer = match channel.ready().await {
            Ok(channel) => channel.call(request).await,
            Err(error) => Err(error),
        };
        match &answer {
            Err(error) if !super::is_timeout(error) => trial.failed(),
            Ok(_) | Err(_) => trial.succeeded(),
        }
        answer
    }
}

fn again(parts: &Parts, message: &Bytes, trailers: Option<HeaderMap>) -> Request<Body> {
    let body = Full::new(message.clone()).with_trailers(std::future::ready(trailers.map(Ok)));
    let mut request = Request::new(Body::new(body));
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    *request.version_mut() = parts.version;
    *request.headers_mut() = parts.headers.clone();
    *request.extensions_mut() = parts.extensions.clone();
    request
}

/// Methods that only look: the contract's naming says which these are.
fn changes_nothing(method: &Method) -> bool {
    let name = method.descriptor.name();
    ["Get", "List", "Preview", "Simulate", "Fetch"]
        .iter()
        .any(|verb| name.starts_with(verb))
}

fn is_unavailable(headers: &HeaderMap) -> bool {
    headers
        .get("grpc-status")
        .is_some_and(|code| Code::from_bytes(code.as_bytes()) == Code::Unavailable)
}

/// Whether the error is that there was no connection: nobody has seen the call.
fn never_left(error: &tonic::transport::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<tonic::ConnectError>() {
            return true;
        }
        source = cause.source();
    }
    false
}

/// How many retries may still be made.
#[derive(Debug)]
struct Budget(AtomicU32);

impl Budget {
    fn deposit(&self) {
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                (left < BUDGET_MOST).then_some(left + 1)
            });
    }

    fn withdraw(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(RETRY_COSTS)
            })
            .is_ok()
    }
}

/// Keeps calls from a replica that can't be reached, and lets one try now and then.
#[derive(Debug)]
struct Breaker {
    service: Arc<str>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// In a row, while it is closed.
    failures: u32,
    /// How often a call that was let through while it was open has failed.
    reopened: u32,
    /// While it is open: when the next call may try.
    shut_until: Option<Instant>,
}

impl Breaker {
    fn of(service: &Arc<str>) -> Self {
        Self {
            service: Arc::clone(service),
            seen: Mutex::default(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lets_pass(&self) -> bool {
        let seen = self.seen();
        seen.shut_until.is_none_or(|until| Instant::now() >= until)
    }

    /// A call begins. While the breaker is open the next one has to wait for what becomes of it.
    fn trial(&self) -> Trial<'_> {
        let mut seen = self.seen();
        let probes = seen.shut_until.is_some();
        if probes {
            seen.shut_until = Some(Instant::now() + wait(seen.reopened));
        }
        drop(seen);
        Trial {
            breaker: self,
            probes,
        }
    }
}

struct Trial<'a> {
    breaker: &'a Breaker,
    /// Whether the breaker was open when the call began.
    probes: bool,
}

impl Trial<'_> {
    fn succeeded(self) {
        let before = std::mem::take(&mut *self.breaker.seen());
        if before.shut_until.is_some() {
            meter::breakers_open(&self.breaker.service, -1);
        }
    }

    fn failed(self) {
        let mut seen = self.breaker.seen();
        if self.probes {
            seen.reopened = seen.reopened.saturating_add(1);
            seen.shut_until = Some(Instant::now() + wait(seen.reopened));
        } else if seen.shut_until.is_none() {
            seen.failures = seen.failures.saturating_add(1);
            if seen.failures >= FAILURES {
                seen.reopened = 0;
                seen.shut_until = Some(Instant::now() + wait(0));
                meter::breakers_open(&self.breaker.service, 1);
            }
        }
        // A call that began before the breaker opened says nothing that isn't known: however many
        // there are, they don't make it wait for longer.
    }
}

fn wait(reopened: u32) -> Duration {
    OPEN_FIRST
        .saturating_mul(2_u32.saturating_pow(reopened.min(8)))
        .min(OPEN_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_breaker_opens_tries_and_closes() {
        let breaker = Breaker::of(&"orders".into());
        for _ in 0..FAILURES {
            assert!(breaker.lets_pass());
            breaker.trial().failed();
        }
        assert!(!breaker.lets_pass(), "open after {FAILURES} failures");
        tokio::time::advance(OPEN_FIRST).await;
        assert!(breaker.lets_pass(), "one may try");
        let trial = breaker.trial();
        assert!(!breaker.lets_pass(), "and no second one beside it");
        trial.failed();
        tokio::time::advance(OPEN_FIRST).await;
        assert!(!breaker.lets_pass(), "it waits longer each time");
        tokio::time::advance(OPEN_FIRST).await;
        breaker.trial().succeeded();
        assert!(breaker.lets_pass());
    }

    #[tokio::test(start_paused = true)]
    async fn many_calls_that_fail_at_once_open_it_no_longer_than_one_more() {
        let breaker = Breaker::of(&"orders".into());
        let under_way: Vec<_> = (0..200).map(|_| breaker.trial()).collect();
        for trial in under_way {
            trial.failed();
        }
        assert!(!breaker.lets_pass());
        tokio::time::advance(OPEN_FIRST).await;
        assert!(breaker.lets_pass());
    }

    #[test]
    fn one_call_in_ten_may_be_made_again() {
        let budget = Budget(AtomicU32::new(0));
        assert!(!budget.withdraw());
        let retries = (0..1_000)
            .filter(|_| {
                budget.deposit();
                budget.withdraw()
            })
            .count();
        assert_eq!(retries, 100);
    }
}
