//! The world around the service: a shop whose orders are told as events and answered by gRPC, a
//! registry that knows of no plugin, and the road of a return as far as a test wants it.

mod shop;
mod upstreams;

use std::sync::Arc;

use postlude_chassis::{Context, ServiceChannel};
use postlude_proto::{
    plugins::v1::FaultAction,
    returns::v1::{
        claim_service_client::ClaimServiceClient, return_service_client::ReturnServiceClient, *,
    },
};
use postlude_testkit::{Database, Kit, Start};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

pub(crate) use self::shop::{Shop, eur, line, ordered, stamp};
use self::upstreams::{Orders, Registry};

/// The tenant of every test that needs no other.
pub(crate) const TENANT: &str = "shop";

pub(crate) type Client = ReturnServiceClient<ServiceChannel>;
pub(crate) type Claims = ClaimServiceClient<ServiceChannel>;

pub(crate) struct World {
    pub(crate) kit: Kit,
    pub(crate) shop: Shop,
    pub(crate) registry: Registry,
    pub(crate) client: Client,
    pub(crate) claims: Claims,
}

impl Start for World {
    async fn start(database: Database) -> Self {
        let world = World::without_a_word(database, true).await;
        // An event waits for the registry, so that nothing after it meets a policy that isn't known.
        world.record("order-0", 1).await;
        world
    }
}

/// A world whose service never hears of the registry.
pub(crate) struct Alone(pub(crate) World);

impl Start for Alone {
    async fn start(database: Database) -> Self {
        Self(World::without_a_word(database, false).await)
    }
}

impl World {
    /// The service has started and heard nothing yet.
    async fn without_a_word(database: Database, with_registry: bool) -> Self {
        let shop = Shop::default();
        let registry = Registry::default();
        let mut around = Kit::builder()
            // A loaded machine must not look like a policy that runs away.
            .config("policy_time_millis = 60000")
            .upstream("orders", Orders::routes(shop.clone()));
        if with_registry {
            around = around.upstream("plugin-registry", registry.routes());
        }
        let kit = around
            .start(
                postlude_returns::NAME,
                database,
                |context: Context| async move {
                    context
                        .store
                        .migrate::<postlude_returns::Migrator>()
                        .await?;
                    Ok::<_, Box<dyn std::error::Error + Send + Sync>>(postlude_returns::service(
                        context,
                    )?)
                },
            )
            .await;
        let client = ReturnServiceClient::new(kit.full_channel(TENANT));
        let claims = ClaimServiceClient::new(kit.full_channel(TENANT));
        Self {
            kit,
            shop,
            registry,
            client,
            claims,
        }
    }

    /// Installs a plugin, and waits until the service has it.
    pub(crate) async fn install(&self, name: &str, config: &str, action: FaultAction) {
        self.registry.install(name, config, action);
        self.bound().await;
    }

    /// Waits until the service has what is installed.
    pub(crate) async fn bound(&self) {
        let known = async || self.registry.is_known().then_some(());
        self.kit.until("the service has the bindings", known).await;
    }

    /// Records an order of one line "1" with so many units, paid for in full.
    pub(crate) async fn record(&self, order_id: &str, quantity: i32) {
        self.shop
            .insert(ordered(order_id, vec![line("1", quantity)]));
        self.shop.capture(order_id);
        self.tell(order_id).await;
    }

    /// Records an order and delivers all of it.
    pub(crate) async fn delivered(&self, order_id: &str, quantity: i32) {
        self.shop
            .insert(ordered(order_id, vec![line("1", quantity)]));
        self.shop.capture(order_id);
        self.shop.ship(order_id);
        self.shop.deliver(order_id, self.kit.now());
        self.tell(order_id).await;
    }

    /// Tells the order as it is now, and waits until the service has heard.
    pub(crate) async fn tell(&self, order_id: &str) {
        self.shop.tell(&self.kit, order_id).await;
        self.kit.drain().await;
    }

    /// A request for units of line "1" of an order.
    pub(crate) fn request(order_id: &str, quantity: i32) -> CreateReturnRequest {
        CreateReturnRequest {
            order_id: order_id.to_owned(),
            lines: vec![wanted("1", quantity, ReturnReason::ChangedMind)],
            ..Default::default()
        }
    }

    /// Opens a return of units of line "1".
    pub(crate) async fn open(&self, order_id: &str, quantity: i32) -> Return {
        self.create(Self::request(order_id, quantity))
            .await
            .unwrap()
    }

    pub(crate) async fn create(&self, request: CreateReturnRequest) -> Result<Return, Status> {
        let mut client = self.client.clone();
        client
            .create_return(request)
            .await
            .map(tonic::Response::into_inner)
    }

    pub(crate) async fn get(&self, return_id: &str) -> Return {
        let request = GetReturnRequest {
            return_id: return_id.to_owned(),
        };
        let mut client = self.client.clone();
        client.get_return(request).await.unwrap().into_inner()
    }

    /// Counts all units of a return.
    pub(crate) async fn receive(&self, state: &Return) -> Return {
        let request = ReceiveReturnRequest {
            return_id: state.return_id.clone(),
            lines: state
                .lines
                .iter()
                .map(|line| ReceivedLine {
                    return_line_id: line.return_line_id.clone(),
                    quantity: line.quantity,
                })
                .collect(),
            ..Default::default()
        };
        let mut client = self.client.clone();
        client.receive_return(request).await.unwrap().into_inner()
    }

    /// Judges all units of a return as good as new.
    pub(crate) async fn inspect(&self, state: &Return) -> Return {
        let request = InspectReturnRequest {
            return_id: state.return_id.clone(),
            lines: state
                .lines
                .iter()
                .map(|line| judged(&line.return_line_id, line.quantity, Disposition::Restock))
                .collect(),
            ..Default::default()
        };
        let mut client = self.client.clone();
        client.inspect_return(request).await.unwrap().into_inner()
    }

    /// Asks for the money.
    pub(crate) async fn refund(&self, state: &Return) -> Result<Return, Status> {
        let request = RefundReturnRequest {
            return_id: state.return_id.clone(),
            ..Default::default()
        };
        let mut client = self.client.clone();
        client
            .refund_return(request)
            .await
            .map(tonic::Response::into_inner)
    }

    /// The whole road to a return whose money can be asked for.
    pub(crate) async fn inspected(&self, order_id: &str, quantity: i32) -> Return {
        let opened = self.open(order_id, quantity).await;
        let received = self.receive(&opened).await;
        self.inspect(&received).await
    }

    /// The whole road to a refund that was asked for, with its id.
    pub(crate) async fn refunding(&self, order_id: &str, quantity: i32) -> (Return, String) {
        let inspected = self.inspected(order_id, quantity).await;
        let state = self.refund(&inspected).await.unwrap();
        let refund_id = state.refunds.last().unwrap().refund_id.clone();
        (state, refund_id)
    }

    /// The names of the events that the service has told of an aggregate, oldest first.
    pub(crate) async fn told(&self, subject: &str) -> Vec<String> {
        self.kit.drain().await;
        self.kit
            .told()
            .into_iter()
            .filter(|event| event.subject == subject)
            .map(|event| event.name)
            .collect()
    }
}

/// A line of a request.
pub(crate) fn wanted(line_id: &str, quantity: i32, reason: ReturnReason) -> RequestedLine {
    RequestedLine {
        line_id: line_id.to_owned(),
        quantity,
        reason: reason.into(),
        ..Default::default()
    }
}

/// A judgement that accepts units.
pub(crate) fn judged(return_line_id: &str, quantity: i32, found: Disposition) -> InspectedLine {
    InspectedLine {
        return_line_id: return_line_id.to_owned(),
        quantity,
        disposition: found.into(),
        ..Default::default()
    }
}

/// What an error says: the code and the reason.
pub(crate) fn said<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    let info = status.get_details_error_info();
    (
        status.code(),
        info.map(|info| info.reason).unwrap_or_default(),
    )
}

/// The fields that an error names.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    status
        .get_details_bad_request()
        .map(|details| details.field_violations)
        .unwrap_or_default()
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}

/// The same, for what the state doesn't allow.
pub(crate) fn refusal(reason: &str) -> (Code, String) {
    (Code::FailedPrecondition, reason.to_owned())
}

/// Runs as many calls at once as there are, and gives their answers.
pub(crate) async fn at_once<T, F>(calls: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let running: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
    let mut answers = Vec::new();
    for call in running {
        answers.push(call.await.unwrap());
    }
    answers
}

/// Codes of reasons.
pub(crate) fn codes(reasons: &[postlude_proto::r#type::v1::Reason]) -> Vec<&str> {
    reasons.iter().map(|reason| reason.code.as_str()).collect()
}

/// The sum of a breakdown.
pub(crate) fn total(breakdown: Option<&RefundBreakdown>) -> i64 {
    breakdown
        .and_then(|breakdown| breakdown.total.as_ref())
        .map_or(0, |total| total.amount_minor)
}

/// Keeps a value in the hands of a mock.
pub(crate) type Shared<T> = Arc<std::sync::Mutex<T>>;
