//! Probes, metrics, log level.

use http::StatusCode;
use postlude_chassis::health::Vitals;
use postlude_chassis::telemetry::{
    self, Format, LogConfig, TelemetryConfig,
    ops::{self, Ops, Readiness},
};
use postlude_proto::orders::v1::GetOrderRequest;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::requests;

#[tokio::test]
async fn shows_readiness_and_metrics() {
    telemetry::metrics::ensure();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let readiness = Readiness::default();
    let ops = Ops {
        readiness: readiness.clone(),
        services: vec![("orders", Vitals::new(CancellationToken::new()))],
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
    assert_eq!(
        get("/readyz").await,
        (
            StatusCode::OK,
            "ok\norders database ok\norders bus ok\n".to_owned()
        )
    );
    assert_eq!(get("/loglevel").await.0, StatusCode::NOT_FOUND);

    let mut client = requests::client(&["orders.read"], &CancellationToken::new());
    for order_id in ["A-1", "missing"] {
        let order_id = order_id.to_owned();
        let _ = client.get_order(GetOrderRequest { order_id }).await;
    }
    let (_, metrics) = get("/metrics").await;
    for code in ["OK", "NOT_FOUND"] {
        let line = format!(
            "rpc_server_call_duration_seconds_count{{postlude_service=\"orders\",\
             rpc_method=\"postlude.orders.v1.OrderService/GetOrder\",\
             rpc_response_status_code=\"{code}\",rpc_system_name=\"grpc\"}} 1"
        );
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    stop.cancel();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn changes_the_log_filter_while_it_runs() {
    let init = |level: &str| {
        let config = LogConfig {
            level: level.to_owned(),
            format: Format::Json,
        };
        telemetry::init(&config, &TelemetryConfig::default(), "test")
    };
    assert!(init("no[[filter").is_err());
    let telemetry = init("error").unwrap();
    let log_level = telemetry.log_level.clone();
    assert!(init("error").is_err(), "once per process");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/loglevel", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let ops = Ops {
        readiness: Readiness::default(),
        services: Vec::new(),
        log_level: Some(log_level.clone()),
    };
    tokio::spawn(ops::serve(listener, ops, stop.clone()));
    let client = reqwest::Client::new();
    for (text, status, then) in [
        (
            "warn,postlude_store=error",
            StatusCode::OK,
            "warn,postlude_store=error",
        ),
        (
            "no[[filter",
            StatusCode::BAD_REQUEST,
            "warn,postlude_store=error",
        ),
    ] {
        let answer = client.put(&url).body(text).send().await.unwrap();
        assert_eq!(answer.status(), status, "{text}");
        let shown = reqwest::get(&url).await.unwrap().text().await.unwrap();
        assert_eq!(shown.trim(), then);
        assert_eq!(log_level.get(), then);
    }
    stop.cancel();
    telemetry.end().await;
}
