//! What passes, and what is refused.

use std::time::Duration;

use futures_util::stream;
use postlude_proto::{
    orders::v1::{ImportOrdersRequest, ListOrdersRequest, WatchOrderRequest},
    plugins::v1::{GetBindingsRequest, plugin_service_client::PluginServiceClient},
};
use postlude_testkit::Database;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::place::{Behind, get, place, refused};

#[tokio::test]
async fn passes_unary_calls_and_streams_both_ways_near_and_far() {
    for behind in [Behind::Near, Behind::Far] {
        let place = place(Database::Sqlite, behind, "").await;
        let key = place.key(&["orders.read", "orders.write"]).await;
        let mut client = place.with_key(&key.secret).await;

        // The forged identity that the client sends is gone; the key's own stands there.
        let order = client.get_order(get("A-1")).await.unwrap().into_inner();
        let expected = format!("key:{} of demo", key.api_key.key_id);
        assert_eq!(order.customer_id, expected, "{behind:?}");

        let status = client.get_order(get("missing")).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("ORDER_NOT_FOUND", "orders.postlude")
        );

        let lines = stream::iter((0..500).map(|line_number| ImportOrdersRequest {
            order: None,
            line_number,
        }));
        let reply = client.import_orders(lines).await.unwrap().into_inner();
        assert_eq!(reply.created_count, 500);

        let watch = |order_id: &str| WatchOrderRequest {
            order_id: order_id.to_owned(),
        };
        let mut orders = client
            .watch_order(watch("ends"))
            .await
            .unwrap()
            .into_inner();
        assert!(orders.message().await.unwrap().is_some());
        assert_eq!(orders.message().await.unwrap_err().code(), Code::NotFound);

        let mut orders = client.watch_order(watch("A-1")).await.unwrap().into_inner();
        assert!(orders.message().await.unwrap().is_some());
        place.stop.cancel();
        let status = orders.message().await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(status.get_error_details().retry_info().is_some());
    }
}

#[tokio::test]
async fn asks_for_credentials() {
    let place = place(Database::Sqlite, Behind::Near, "").await;
    let key = place.key(&["orders.read"]).await;
    let mut wrong = key.secret.clone();
    let last = if wrong.pop() == Some('0') { '1' } else { '0' };
    wrong.push(last);
    let unknown = format!("plk_{}_{}", "0".repeat(26), "0".repeat(64));
    for (authorization, reason) in [
        (String::new(), "CREDENTIALS_MISSING"),
        ("Basic eDp5".to_owned(), "CREDENTIALS_INVALID"),
        ("Bearer".to_owned(), "CREDENTIALS_INVALID"),
        ("Bearer plk_x".to_owned(), "CREDENTIALS_INVALID"),
        (format!("Bearer {unknown}"), "CREDENTIALS_INVALID"),
        (format!("Bearer {wrong}"), "CREDENTIALS_INVALID"),
    ] {
        let door = place.door(&authorization).await;
        let mut client =
            postlude_proto::orders::v1::order_service_client::OrderServiceClient::new(door);
        let status = client.get_order(get("A-1")).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{authorization}");
        assert_eq!(refused(&status).reason, reason, "{authorization}");
    }
    let mut client = place.with_key(&key.secret).await;
    client.get_order(get("A-1")).await.unwrap();
}

#[tokio::test]
async fn names_the_scope_that_the_key_lacks() {
    let place = place(Database::Sqlite, Behind::Near, "").await;
    let mut client = place.with_scopes(&["returns.read"]).await;
    let status = client.get_order(get("A-1")).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    let info = refused(&status);
    assert_eq!(info.reason, "SCOPE_MISSING");
    assert_eq!(info.metadata["scope"], "orders.read");
}

#[tokio::test]
async fn knows_no_method_that_is_not_for_outside() {
    let place = place(Database::Sqlite, Behind::Near, "").await;
    let key = place.key(&postlude_proto::scopes()).await;
    let door = place.door(&format!("Bearer {}", key.secret)).await;
    let mut plugins = PluginServiceClient::new(door.clone());
    let status = plugins
        .get_bindings(GetBindingsRequest::default())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(refused(&status).reason, "METHOD_UNKNOWN");

    let mut grpc = tonic::client::Grpc::new(door);
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<ListOrdersRequest, ListOrdersRequest>::default();
    let path = http::uri::PathAndQuery::from_static("/postlude.orders.v1.OrderService/Nonsense");
    let status = grpc
        .unary(Request::new(ListOrdersRequest::default()), path, codec)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(refused(&status).reason, "METHOD_UNKNOWN");
}

#[tokio::test]
async fn says_unavailable_when_the_service_is_down() {
    let place = place(Database::Sqlite, Behind::Nobody, "").await;
    let mut client = place.with_scopes(&["orders.read"]).await;
    let status = client.get_order(get("A-1")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let info = refused(&status);
    assert_eq!(info.reason, "UPSTREAM_UNAVAILABLE");
    assert_eq!(info.metadata["service"], "orders");
    assert!(status.get_error_details().retry_info().is_some());
}

#[tokio::test]
async fn keeps_deadlines_of_its_own_and_of_callers() {
    for behind in [Behind::Near, Behind::Far] {
        let place = place(Database::Sqlite, behind, "default_deadline_ms = 150").await;
        let mut client = place.with_scopes(&["orders.read"]).await;
        let status = client.get_order(get("slow")).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "DEADLINE_EXCEEDED");

        // Sent as a header only, so that the answer is the gateway's and not this client's.
        let mut request = Request::new(get("slow"));
        request
            .metadata_mut()
            .insert("grpc-timeout", "50m".parse().unwrap());
        let begun = tokio::time::Instant::now();
        let status = client.get_order(request).await.unwrap_err();
        // The client's library may notice first and call it cancelled.
        assert!(
            matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled),
            "{status:?}"
        );
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn ends_a_stream_at_its_deadline() {
    let place = place(Database::Sqlite, Behind::Near, "max_stream_ms = 100").await;
    let mut client = place.with_scopes(&["orders.read"]).await;
    let request = WatchOrderRequest {
        order_id: "A-1".to_owned(),
    };
    let mut orders = client.watch_order(request).await.unwrap().into_inner();
    assert!(orders.message().await.unwrap().is_some());
    let status = orders.message().await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(refused(&status).reason, "DEADLINE_EXCEEDED");
}
