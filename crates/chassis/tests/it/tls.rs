//! Certificates between services and on a door.

use std::{path::Path, sync::Arc};

use postlude_chassis::{
    Caller, Clients, Tls,
    identity::{Key, guard::Guard},
    server,
    tls::{TlsConfig, TlsError},
};
use postlude_kernel::{Clock, SystemClock, TenantId};
use postlude_proto::orders::v1::{
    GetOrderRequest, order_service_client::OrderServiceClient,
    order_service_server::OrderServiceServer,
};
use postlude_testkit::Authority;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{
    Code, Status,
    service::Routes,
    transport::{Certificate, ClientTlsConfig, Endpoint},
};

use crate::played::Orders;

const HERE: &[&str] = &["127.0.0.1"];

/// A service behind certificates.
struct Served {
    key: Key,
    port: u16,
    tls: Tls,
    _stop: DropGuard,
}

fn between(config: &TlsConfig) -> Tls {
    Tls::between_services(config).unwrap().unwrap()
}

async fn serve(config: &TlsConfig) -> Served {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let key = Key::generate().unwrap();
    let stop = CancellationToken::new();
    let guard = Guard::new(
        "orders",
        Routes::new(OrderServiceServer::new(Orders)),
        key.verifier(clock),
        stop.clone(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tls = between(config);
    tokio::spawn(server::serve_routes(
        listener,
        Some(tls.clone()),
        guard.into_routes(),
        stop.clone(),
    ));
    Served {
        key,
        port,
        tls,
        _stop: stop.drop_guard(),
    }
}

impl Served {
    async fn ask(&self, tls: Option<Tls>) -> Result<(), Status> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let clients = Clients::new(self.key.signer(clock).unwrap(), tls);
        let uri = format!("{}://127.0.0.1:{}", clients.scheme(), self.port);
        clients.connect("orders", &uri).unwrap();
        let caller = Caller::service("returns", TenantId::parse("demo").unwrap());
        let order = GetOrderRequest {
            order_id: "A-1".to_owned(),
        };
        OrderServiceClient::new(clients.to("orders", &caller))
            .get_order(order)
            .await
            .map(|_order| ())
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn services_take_calls_from_their_own_authority_only() {
    let (here, there, stranger) = (folder(), folder(), folder());
    let authority = Authority::new();
    let served = serve(&authority.issue(here.path(), HERE)).await;

    let own = between(&authority.issue(there.path(), &["returns"]));
    served.ask(Some(own)).await.unwrap();

    let other = Authority::new().issue(stranger.path(), HERE);
    // It trusts the server, and the server doesn't trust it.
    let other = TlsConfig {
        authority: here.path().join("authority.pem"),
        ..other
    };
    let status = served.ask(Some(between(&other))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");

    let status = served.ask(None).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
}

#[tokio::test]
async fn a_service_isnt_called_under_a_name_that_its_certificate_hasnt() {
    let (here, there) = (folder(), folder());
    let authority = Authority::new();
    let served = serve(&authority.issue(here.path(), &["payroll"])).await;
    let own = between(&authority.issue(there.path(), &["returns"]));
    let status = served.ask(Some(own)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
}

#[tokio::test]
async fn certificates_are_renewed_without_a_restart() {
    let (here, there) = (folder(), folder());
    let served = serve(&Authority::new().issue(here.path(), HERE)).await;
    let next = Authority::new();
    let own = between(&next.issue(there.path(), &["returns"]));
    served.ask(Some(own.clone())).await.unwrap_err();

    next.issue(here.path(), HERE);
    served.tls.reload().unwrap();
    served.ask(Some(own.clone())).await.unwrap();

    // What can't be used changes nothing.
    std::fs::write(here.path().join("private-key.pem"), "no key").unwrap();
    let error = served.tls.reload().unwrap_err().to_string();
    assert!(error.contains("private-key.pem"), "{error}");
    served.ask(Some(own)).await.unwrap();
}

#[tokio::test]
async fn a_door_shows_a_certificate_and_asks_for_none() {
    let here = folder();
    let config = Authority::new().issue(here.path(), HERE);
    let tls = Tls::on_the_door(&config.certificate, &config.private_key)
        .unwrap()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("https://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    let routes = Routes::new(OrderServiceServer::new(Orders));
    tokio::spawn(server::serve_routes(listener, Some(tls), routes, stop));

    let authority = std::fs::read(&config.authority).unwrap();
    let trusting = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority));
    let channel = Endpoint::from_shared(uri.clone())
        .unwrap()
        .tls_config(trusting)
        .unwrap();
    let mut client = OrderServiceClient::new(channel.connect().await.unwrap());
    let order = GetOrderRequest {
        order_id: "missing".to_owned(),
    };
    // It reached the service itself: nobody guards it here.
    let status = client.get_order(order).await.unwrap_err();
    assert_ne!(status.code(), Code::Unavailable, "{status:?}");

    let doubting = ClientTlsConfig::new().with_enabled_roots();
    let channel = Endpoint::from_shared(uri).unwrap().tls_config(doubting);
    channel.unwrap().connect().await.unwrap_err();
}

#[test]
fn says_which_file_is_wrong_or_missing() {
    let here = folder();
    let config = Authority::new().issue(here.path(), HERE);
    assert!(
        Tls::between_services(&TlsConfig::default())
            .unwrap()
            .is_none()
    );

    let half = TlsConfig {
        authority: "".into(),
        ..config.clone()
    };
    let error = Tls::between_services(&half).unwrap_err();
    assert!(matches!(error, TlsError::Incomplete("tls")), "{error}");
    let error = Tls::on_the_door(&config.certificate, Path::new("")).unwrap_err();
    assert!(matches!(error, TlsError::Incomplete("gateway")), "{error}");

    let missing = TlsConfig {
        certificate: here.path().join("missing.pem"),
        ..config.clone()
    };
    let error = Tls::between_services(&missing).unwrap_err().to_string();
    assert!(error.contains("missing.pem"), "{error}");

    let swapped = TlsConfig {
        certificate: config.private_key.clone(),
        ..config.clone()
    };
    let error = Tls::between_services(&swapped).unwrap_err().to_string();
    assert!(error.contains("no certificate in PEM"), "{error}");

    // A key that belongs to another certificate.
    let elsewhere = folder();
    let other = Authority::new().issue(elsewhere.path(), HERE);
    let mixed = TlsConfig {
        private_key: other.private_key,
        ..config
    };
    let error = Tls::between_services(&mixed).unwrap_err();
    assert!(matches!(error, TlsError::Certificate { .. }), "{error}");
}
