//! A service of the contract, played by a test: the order's number says what happens.

use futures_util::{Stream, StreamExt as _, stream};
use postlude_chassis::{
    Caller,
    rpc::{Broken, Incoming, Replies, client_stream, server_stream, unary},
};
use postlude_kernel::{Fault, FaultKind};
use postlude_proto::orders::v1::{
    CancelOrderLinesRequest, GetOrderRequest, ImportOrdersRequest, ImportOrdersResponse,
    ListOrdersRequest, ListOrdersResponse, Order, RecordOrderRequest, RecordPaymentRequest,
    RecordShipmentRequest, RecordTrackingEventRequest, Shipment, WatchOrderRequest,
    order_service_server::OrderService,
};
use tonic::{Request, Response, Status, Streaming};

/// What must never reach a caller.
pub(crate) const SECRET: &str = "password=hunter2";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no order `{0}`")]
    NotFound(String),
    #[error("{SECRET}")]
    Broken(#[source] std::io::Error),
    #[error(transparent)]
    Stream(#[from] Broken),
}

impl Fault for Error {
    fn kind(&self) -> FaultKind {
        match self {
            Self::NotFound(_) => FaultKind::NotFound,
            Self::Broken(_) => FaultKind::Internal,
            Self::Stream(error) => error.kind(),
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "ORDER_NOT_FOUND",
            Self::Broken(_) => "INTERNAL",
            Self::Stream(error) => error.reason(),
        }
    }
    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotFound(id) => vec![("order_id", id.clone())],
            Self::Broken(_) => vec![("dsn", SECRET.to_owned())],
            Self::Stream(_) => Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Orders;

/// The order that says who asked for it.
fn order(caller: &Caller, order_id: String) -> Order {
    Order {
        order_id,
        customer_id: format!("{} of {}", caller.subject, caller.tenant),
        ..Order::default()
    }
}

async fn get(caller: Caller, request: GetOrderRequest) -> Result<Order, Error> {
    match request.order_id.as_str() {
        "missing" => Err(Error::NotFound(request.order_id)),
        "broken" => Err(Error::Broken(std::io::Error::other(SECRET))),
        "slow" => std::future::pending().await,
        _ => Ok(order(&caller, request.order_id)),
    }
}

async fn import(
    _caller: Caller,
    mut incoming: Incoming<ImportOrdersRequest>,
) -> Result<ImportOrdersResponse, Error> {
    let mut reply = ImportOrdersResponse::default();
    while let Some(_line) = incoming.message().await? {
        reply.created_count += 1;
    }
    Ok(reply)
}

async fn watch(
    caller: Caller,
    request: WatchOrderRequest,
) -> Result<impl Stream<Item = Result<Order, Error>> + Send + 'static, Error> {
    let first = order(&caller, request.order_id.clone());
    let ends = request.order_id == "ends";
    let rest = if ends {
        stream::iter([Err(Error::NotFound(request.order_id))]).boxed()
    } else {
        stream::pending().boxed()
    };
    Ok(stream::iter([Ok(first)]).chain(rest))
}

fn unplayed<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not played"))
}

#[tonic::async_trait]
impl OrderService for Orders {
    async fn get_order(
        &self,
        request: Request<GetOrderRequest>,
    ) -> Result<Response<Order>, Status> {
        unary(request, get).await
    }
    async fn import_orders(
        &self,
        request: Request<Streaming<ImportOrdersRequest>>,
    ) -> Result<Response<ImportOrdersResponse>, Status> {
        client_stream(request, import).await
    }
    type WatchOrderStream = Replies<Order>;
    async fn watch_order(
        &self,
        request: Request<WatchOrderRequest>,
    ) -> Result<Response<Replies<Order>>, Status> {
        server_stream(request, watch).await
    }
    async fn record_order(
        &self,
        _request: Request<RecordOrderRequest>,
    ) -> Result<Response<Order>, Status> {
        unplayed()
    }
    async fn list_orders(
        &self,
        _request: Request<ListOrdersRequest>,
    ) -> Result<Response<ListOrdersResponse>, Status> {
        unplayed()
    }
    async fn record_payment(
        &self,
        _request: Request<RecordPaymentRequest>,
    ) -> Result<Response<Order>, Status> {
        unplayed()
    }
    async fn cancel_order_lines(
        &self,
        _request: Request<CancelOrderLinesRequest>,
    ) -> Result<Response<Order>, Status> {
        unplayed()
    }
    async fn record_shipment(
        &self,
        _request: Request<RecordShipmentRequest>,
    ) -> Result<Response<Order>, Status> {
        unplayed()
    }
    async fn record_tracking_event(
        &self,
        _request: Request<RecordTrackingEventRequest>,
    ) -> Result<Response<Shipment>, Status> {
        unplayed()
    }
}
