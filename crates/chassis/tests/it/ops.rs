//! Probes, metrics, log level.

use http::StatusCode;
use postlude_chassis::telemetry::ops::{self, Ops, Readiness};
use postlude_proto::orders::v1::GetOrderRequest;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::requests;

#[tokio::test]
async fn shows_readiness_and_metrics() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let readiness = Readiness::default();
    let ops = Ops {
        readiness: readiness.clone(),
        log_level: None,
    };
    let serving = tokio::spawn(ops::serve(listener, ops, stop.clone()));
    let get = async |path: &str| {
        let response = reqwest::get(format!("{base}{path}")).await.unwrap();
        (response.status(), response.text().await.unwrap())
    };
    assert_eq!(get("/livez").await.0, StatusCode::OK);
    assert_eq!(get("/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
    readiness.set(true);
    assert_eq!(get("/readyz").await.0, StatusCode::OK);
    assert_eq!(get("/loglevel").await.0, StatusCode::NOT_FOUND);

    let mut client = requests::client(&["orders.read"], &CancellationToken::new());
    for order_id in ["A-1", "missing"] {
        let order_id = order_id.to_owned();
        let _ = client.get_order(GetOrderRequest { order_id }).await;
    }
    let (_, metrics) = get("/metrics").await;
    for code in ["OK", "NOT_FOUND"] {
        let line = format!(
            "rpc_server_call_duration_seconds_count{{rpc_system=\"grpc\",service=\"orders\",\
             rpc_method=\"postlude.orders.v1.OrderService/GetOrder\",\
             rpc_response_status_code=\"{code}\"}}"
        );
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    stop.cancel();
    serving.await.unwrap().unwrap();
}
