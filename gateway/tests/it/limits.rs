//! How much comes through.

use futures_util::stream;
use postlude_proto::orders::v1::{ImportOrdersRequest, Order, WatchOrderRequest};
use postlude_testkit::Database;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::place::{Behind, get, place, refused};

#[tokio::test]
async fn limits_the_rate_of_each_key() {
    let config = "rate_per_second = 1\nrate_burst = 3";
    let place = place(Database::Sqlite, Behind::Near, config).await;
    let mut first = place.with_scopes(&["orders.read"]).await;
    let mut second = place.with_scopes(&["orders.read"]).await;
    let mut limited = None;
    for _ in 0..20 {
        if let Err(status) = first.get_order(get("A-1")).await {
            limited = Some(status);
            break;
        }
    }
    let status = limited.expect("twenty calls are more than the key may make");
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(refused(&status).reason, "RATE_LIMITED");
    let wait = status.get_error_details().retry_info().unwrap().retry_delay;
    assert!(wait.is_some_and(|wait| !wait.is_zero()), "{wait:?}");
    second.get_order(get("A-1")).await.unwrap();
}

#[tokio::test]
async fn refuses_a_message_above_the_limit_and_names_it() {
    for behind in [Behind::Near, Behind::Far] {
        let place = place(Database::Sqlite, behind, "max_message_bytes = 10_000").await;
        let mut client = place.with_scopes(&["orders.read", "orders.write"]).await;
        let status = client
            .get_order(get(&"x".repeat(20_000)))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        let info = refused(&status);
        assert_eq!(info.reason, "MESSAGE_TOO_LARGE");
        assert_eq!(info.metadata["limit"], "10000");
        assert!(status.message().contains("10000"), "{status:?}");

        // In a stream as well, after messages that were small enough.
        let line = |size: usize| ImportOrdersRequest {
            order: Some(Order {
                order_id: "x".repeat(size),
                ..Order::default()
            }),
            line_number: 0,
        };
        let lines = stream::iter([line(9_000), line(9_000), line(11_000), line(1)]);
        let status = client.import_orders(lines).await.unwrap_err();
        assert_eq!(refused(&status).reason, "MESSAGE_TOO_LARGE", "{status:?}");
        client.get_order(get("A-1")).await.unwrap();
    }
}

#[tokio::test]
async fn sheds_what_it_has_no_room_for() {
    let place = place(
        Database::Sqlite,
        Behind::Near,
        "max_in_flight = 1\nmax_streams = 1",
    )
    .await;
    let mut client = place.with_scopes(&["orders.read"]).await;

    let watch = || WatchOrderRequest {
        order_id: "A-1".to_owned(),
    };
    let mut open = client.watch_order(watch()).await.unwrap().into_inner();
    assert!(open.message().await.unwrap().is_some());
    let status = client.watch_order(watch()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(refused(&status).reason, "OVERLOADED");
    assert!(status.get_error_details().retry_info().is_some());
    // Unary calls have room of their own.
    client.get_order(get("A-1")).await.unwrap();

    let mut slow = client.clone();
    let waiting = tokio::spawn(async move { slow.get_order(get("slow")).await });
    postlude_testkit::until("the slow call fills the room", async || {
        let status = client.get_order(get("A-1")).await.err()?;
        assert_eq!(refused(&status).reason, "OVERLOADED");
        Some(())
    })
    .await;
    // A caller that goes away makes room.
    waiting.abort();
    postlude_testkit::until("there is room again", async || {
        client.get_order(get("A-1")).await.ok()
    })
    .await;
    drop(open);
    postlude_testkit::until("the stream's place is free again", async || {
        client.watch_order(watch()).await.ok()
    })
    .await;
}
