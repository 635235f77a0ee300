//! Calls between services, near and far.

use std::{sync::Arc, time::Duration};

use postlude_chassis::{Caller, Clients, identity::Key, identity::guard::Guard, server};
use postlude_kernel::{Clock, SystemClock, TenantId};
use postlude_proto::orders::v1::{
    GetOrderRequest, WatchOrderRequest, order_service_client::OrderServiceClient,
    order_service_server::OrderServiceServer,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, service::Routes};
use tonic_types::StatusExt as _;

use crate::played::Orders;

struct Place {
    clients: Clients,
    guard: Guard,
    stop: CancellationToken,
}

fn place() -> Place {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let key = Key::generate().unwrap();
    let stop = CancellationToken::new();
    Place {
        clients: Clients::new(key.signer(Arc::clone(&clock)).unwrap(), None),
        guard: Guard::new(
            "orders",
            Routes::new(OrderServiceServer::new(Orders)),
            key.verifier(clock),
            stop.clone(),
        ),
        stop,
    }
}

fn caller() -> Caller {
    Caller::service("returns", TenantId::parse("demo").unwrap())
}

fn get(order_id: &str) -> GetOrderRequest {
    GetOrderRequest {
        order_id: order_id.to_owned(),
    }
}

#[tokio::test]
async fn answers_the_same_in_one_process_and_over_the_network() {
    let near = place();
    near.clients
        .register("orders", near.guard.clone().into_routes());

    let far = place();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    let routes = far.guard.clone().into_routes();
    let serving = tokio::spawn(server::serve_routes(
        listener,
        None,
        routes,
        far.stop.clone(),
    ));
    far.clients.connect("orders", &uri).unwrap();

    for place in [&near, &far] {
        let mut client = OrderServiceClient::new(place.clients.to("orders", &caller()));
        let order = client.get_order(get("A-1")).await.unwrap().into_inner();
        assert_eq!(order.customer_id, "svc:returns of demo");

        let status = client.get_order(get("missing")).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "ORDER_NOT_FOUND");

        let mut slow = Request::new(get("slow"));
        slow.set_timeout(Duration::from_millis(100));
        let status = client.get_order(slow).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");

        let watch = WatchOrderRequest {
            order_id: "A-1".to_owned(),
        };
        let mut orders = client.watch_order(watch).await.unwrap().into_inner();
        assert!(orders.message().await.unwrap().is_some());
        place.stop.cancel();
        let status = orders.message().await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    }
    // The server has ended as well: nothing was left open.
    tokio::time::timeout(Duration::from_secs(20), serving)
        .await
        .expect("the server ends when it is told")
        .unwrap();
}

#[tokio::test]
async fn says_unavailable_when_nobody_is_there() {
    let place = place();
    // A port that was free a moment ago and has no listener.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    place.clients.connect("returns", &uri).unwrap();
    for service in ["orders", "returns"] {
        let mut client = OrderServiceClient::new(place.clients.to(service, &caller()));
        let status = client.get_order(get("A-1")).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{service}: {status:?}");
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "UPSTREAM_UNAVAILABLE");
        assert!(details.retry_info().is_some());
    }
}

#[tokio::test]
async fn refuses_an_address_that_is_none() {
    let place = place();
    for wrong in ["", "orders:7001", "ftp://orders", "https://orders"] {
        assert!(place.clients.connect("orders", wrong).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn goes_to_the_replica_that_lives() {
    let place = place();
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", dead.local_addr().unwrap());
    drop(dead);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let lives = format!("http://{}", listener.local_addr().unwrap());
    let routes = place.guard.clone().into_routes();
    tokio::spawn(server::serve_routes(
        listener,
        None,
        routes,
        place.stop.clone(),
    ));
    place
        .clients
        .connect("orders", &format!("{nobody}, {lives}"))
        .unwrap();
    let mut client = OrderServiceClient::new(place.clients.to("orders", &caller()));
    for _ in 0..20 {
        client.get_order(get("A-1")).await.unwrap();
    }
    let watch = WatchOrderRequest {
        order_id: "A-1".to_owned(),
    };
    let mut orders = client.watch_order(watch).await.unwrap().into_inner();
    assert!(orders.message().await.unwrap().is_some());
    place.stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn a_stream_outlives_the_limit_of_a_call() {
    let place = place();
    place
        .clients
        .register("orders", place.guard.clone().into_routes());
    let mut client = OrderServiceClient::new(place.clients.to("orders", &caller()));
    let watch = WatchOrderRequest {
        order_id: "A-1".to_owned(),
    };
    let mut orders = client.watch_order(watch).await.unwrap().into_inner();
    assert!(orders.message().await.unwrap().is_some());
    // Nothing for an hour, and the stream is still there.
    let hour = Duration::from_secs(3_600);
    assert!(tokio::time::timeout(hour, orders.message()).await.is_err());
    place.stop.cancel();
    assert_eq!(
        orders.message().await.unwrap_err().code(),
        Code::Unavailable
    );
}
