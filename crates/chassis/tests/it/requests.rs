//! Validation, errors and streams as a caller sees them.

use std::{sync::Arc, time::Duration};

use futures_util::stream;
use postlude_chassis::{Caller, Clients, identity::Key, identity::guard::Guard};
use postlude_kernel::{Clock, SystemClock, TenantId};
use postlude_proto::orders::v1::{
    GetOrderRequest, ImportOrdersRequest, WatchOrderRequest,
    order_service_client::OrderServiceClient, order_service_server::OrderServiceServer,
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, service::Routes};
use tonic_types::StatusExt as _;

use crate::played::{Orders, SECRET};

/// The played service in this process, called by a key with these scopes.
pub(crate) fn client(
    scopes: &[&str],
    stop: &CancellationToken,
) -> OrderServiceClient<postlude_chassis::ServiceChannel> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let key = Key::generate().unwrap();
    let clients = Clients::new(key.signer(Arc::clone(&clock)).unwrap(), None);
    let routes = Routes::new(OrderServiceServer::new(Orders));
    let guard = Guard::new("orders", routes, key.verifier(clock), stop.clone());
    clients.register("orders", guard.into_routes());
    let caller = Caller {
        tenant: TenantId::parse("demo").unwrap(),
        subject: "key:one".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
    };
    OrderServiceClient::new(clients.to("orders", &caller))
}

fn get(order_id: &str) -> GetOrderRequest {
    GetOrderRequest {
        order_id: order_id.to_owned(),
    }
}

#[tokio::test]
async fn hands_the_proven_caller_to_the_handler() {
    let mut client = client(&["orders.read"], &CancellationToken::new());
    let order = client.get_order(get("A-1")).await.unwrap().into_inner();
    assert_eq!(order.customer_id, "key:one of demo");
}

#[tokio::test]
async fn names_the_field_and_the_rule_that_is_broken() {
    let mut client = client(&["orders.read"], &CancellationToken::new());
    let status = client.get_order(get("")).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(info.reason, "VALIDATION_FAILED");
    assert_eq!(info.domain, "orders.postlude");
    let violation = &details.bad_request().unwrap().field_violations[0];
    assert_eq!(violation.field, "order_id");
    assert!(
        violation.description.contains("string.min_len"),
        "{violation:?}"
    );
    assert!(
        violation.description.contains("at least 1"),
        "{violation:?}"
    );
    assert!(status.message().contains("order_id"), "{status:?}");
}

#[tokio::test]
async fn gives_reason_domain_and_metadata() {
    let mut client = client(&["orders.read"], &CancellationToken::new());
    let status = client.get_order(get("missing")).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.domain.as_str()),
        ("ORDER_NOT_FOUND", "orders.postlude")
    );
    assert_eq!(info.metadata["order_id"], "missing");
}

#[tokio::test]
async fn hides_what_is_internal() {
    let mut client = client(&["orders.read"], &CancellationToken::new());
    let status = client.get_order(get("broken")).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(!format!("{status:?}").contains(SECRET), "{status:?}");
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "INTERNAL");
    assert!(details.error_info().unwrap().metadata.is_empty());
}

#[tokio::test]
async fn stops_at_the_deadline_of_the_caller() {
    let mut client = client(&["orders.read"], &CancellationToken::new());
    let mut request = Request::new(get("slow"));
    request.set_timeout(Duration::from_millis(50));
    let status = client.get_order(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(
        status.get_error_details().error_info().unwrap().reason,
        "DEADLINE_EXCEEDED"
    );
}

#[tokio::test]
async fn reads_a_stream_to_its_end() {
    let mut client = client(&["orders.write"], &CancellationToken::new());
    let lines = stream::iter((0..100).map(|line_number| ImportOrdersRequest {
        order: None,
        line_number,
    }));
    let reply = client.import_orders(lines).await.unwrap().into_inner();
    assert_eq!(reply.created_count, 100);
}

#[tokio::test]
async fn ends_a_stream_with_the_error_in_it() {
    let mut client = client(&["orders.read"], &CancellationToken::new());
    let request = WatchOrderRequest {
        order_id: "ends".to_owned(),
    };
    let mut orders = client.watch_order(request).await.unwrap().into_inner();
    assert_eq!(orders.message().await.unwrap().unwrap().order_id, "ends");
    let status = orders.message().await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(
        status.get_error_details().error_info().unwrap().domain,
        "orders.postlude"
    );
}

#[tokio::test]
async fn ends_open_streams_as_unavailable_when_it_drains() {
    let stop = CancellationToken::new();
    let mut client = client(&["orders.read"], &stop);
    let request = WatchOrderRequest {
        order_id: "A-1".to_owned(),
    };
    let mut orders = client.watch_order(request).await.unwrap().into_inner();
    assert!(orders.message().await.unwrap().is_some());
    stop.cancel();
    let status = orders.message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "DRAINING");
    assert!(details.retry_info().is_some());
}

#[tokio::test]
async fn calls_an_unreadable_message_the_callers_fault() {
    use http_body_util::BodyExt as _;
    use tower::Service as _;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let key = Key::generate().unwrap();
    let caller = Caller::service("test", TenantId::parse("demo").unwrap());
    let token = key
        .signer(Arc::clone(&clock))
        .unwrap()
        .mint(&caller)
        .unwrap();
    let routes = Routes::new(OrderServiceServer::new(Orders));
    let guard = Guard::new(
        "orders",
        routes,
        key.verifier(clock),
        CancellationToken::new(),
    );
    let mut routes = guard.into_routes();
    for body in [
        &b"\x00\x00\x00\x00\x02\xff\xff"[..],
        b"\x00\x00\x00\x00\x05ab",
        b"",
    ] {
        let request = http::Request::post("/postlude.orders.v1.OrderService/GetOrder")
            .header("content-type", "application/grpc")
            .header("x-postlude-identity", &token)
            .body(http_body_util::Full::new(bytes::Bytes::from_static(body)))
            .unwrap();
        let response = routes.call(request).await.unwrap();
        let status = match tonic::Status::from_header_map(response.headers()) {
            Some(status) => status,
            None => {
                let body = response.into_body().collect().await.unwrap();
                tonic::Status::from_header_map(body.trailers().unwrap()).unwrap()
            }
        };
        assert_eq!(status.code(), Code::InvalidArgument, "{body:?}: {status:?}");
        assert_eq!(
            status.get_error_details().error_info().unwrap().reason,
            "MESSAGE_UNREADABLE"
        );
    }
}
