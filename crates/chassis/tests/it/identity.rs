//! Who may call: forged, expired, missing tokens; scopes.

use std::{sync::Arc, time::Duration};

use postlude_chassis::{
    Caller,
    identity::{IdentityError, Key, KeySource, Keyring, LIFETIME, guard::Guard},
};
use postlude_kernel::{ManualClock, TenantId, Timestamp};
use postlude_proto::orders::v1::{
    GetOrderRequest, order_service_client::OrderServiceClient,
    order_service_server::OrderServiceServer,
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, service::Routes};
use tonic_types::StatusExt as _;

use crate::{played::Orders, requests};

fn caller() -> Caller {
    Caller {
        tenant: TenantId::parse("demo").unwrap(),
        subject: "key:one".to_owned(),
        scopes: vec!["orders.read".to_owned()],
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(
        Timestamp::parse("2026-03-03T12:00:00Z").unwrap(),
    ))
}

#[test]
fn proves_the_caller_for_a_minute() {
    let clock = clock();
    let key = Key::generate().unwrap();
    let token = key.signer(clock.clone()).unwrap().mint(&caller()).unwrap();
    assert!(token.is_sensitive());
    let verifier = key.verifier(clock.clone());
    assert_eq!(verifier.verify(token.as_bytes()).unwrap(), caller());
    clock.advance(LIFETIME);
    assert_eq!(verifier.verify(token.as_bytes()).unwrap(), caller());
    clock.advance(Duration::from_secs(6));
    let error = verifier.verify(token.as_bytes()).unwrap_err();
    assert!(matches!(error, IdentityError::Expired), "{error:?}");
}

#[test]
fn refuses_what_another_key_signed_and_what_was_changed() {
    let clock = clock();
    let key = Key::generate().unwrap();
    let verifier = key.verifier(clock.clone());
    let other = Key::generate().unwrap().signer(clock.clone()).unwrap();
    let forged = other.mint(&caller()).unwrap();
    let good = key.signer(clock).unwrap().mint(&caller()).unwrap();
    let good = good.to_str().unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", parts[1]);
    let cut = &good[..good.len() - 4];
    for token in [forged.to_str().unwrap(), &unsigned, cut, "", "x.y.z"] {
        let error = verifier.verify(token.as_bytes()).unwrap_err();
        assert!(
            matches!(error, IdentityError::Invalid),
            "{token}: {error:?}"
        );
    }
}

#[test]
fn keeps_its_key_in_a_file_for_the_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.pem");
    let clock = clock();
    let first = Key::load_or_create(&path).unwrap();
    let second = Key::load_or_create(&path).unwrap();
    let token = first
        .signer(clock.clone())
        .unwrap()
        .mint(&caller())
        .unwrap();
    assert!(second.verifier(clock).verify(token.as_bytes()).is_ok());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    std::fs::write(&path, "nonsense").unwrap();
    assert!(Key::load_or_create(&path).is_err());
}

#[test]
fn processes_that_start_together_have_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.pem");
    let start = std::sync::Barrier::new(16);
    let keys: Vec<_> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    Key::load_or_create(&path).unwrap().public()
                })
            })
            .collect();
        racers.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
    // No half-written key is left behind.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn refuses_a_call_without_identity() {
    let key = Key::generate().unwrap();
    let routes = Routes::new(OrderServiceServer::new(Orders));
    let guard = Guard::new(
        "orders",
        routes,
        key.verifier(clock()),
        CancellationToken::new(),
    );
    let mut client = OrderServiceClient::new(guard.into_routes());
    let request = GetOrderRequest {
        order_id: "A-1".to_owned(),
    };
    let status = client.get_order(request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(
        status.get_error_details().error_info().unwrap().reason,
        "IDENTITY_MISSING"
    );
}

#[tokio::test]
async fn names_the_scope_that_is_missing() {
    let mut client = requests::client(&["orders.write"], &CancellationToken::new());
    let request = GetOrderRequest {
        order_id: "A-1".to_owned(),
    };
    let status = client.get_order(request).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(info.reason, "SCOPE_MISSING");
    assert_eq!(info.metadata["scope"], "orders.read");
}

#[tokio::test]
async fn keeps_internal_methods_for_services_even_if_a_key_claims_the_scope() {
    use tower::Service as _;

    let clock = clock();
    let key = Key::generate().unwrap();
    let guard = Guard::new(
        "plugin-registry",
        Routes::default(),
        key.verifier(clock.clone()),
        CancellationToken::new(),
    );
    let mut routes = guard.into_routes();
    let signer = key.signer(clock).unwrap();
    let tenant = TenantId::parse("demo").unwrap();
    let as_key = Caller {
        subject: "key:one".to_owned(),
        ..Caller::service("x", tenant.clone())
    };
    for (caller, expected) in [
        (as_key, Code::PermissionDenied),
        // Through the guard, and then no such method behind it.
        (Caller::service("returns", tenant), Code::Unimplemented),
    ] {
        let request = http::Request::post("/postlude.plugins.v1.PluginService/GetBindings")
            .header("content-type", "application/grpc")
            .header("x-postlude-identity", signer.mint(&caller).unwrap())
            .body(tonic::body::Body::empty())
            .unwrap();
        let response = routes.call(request).await.unwrap();
        let status = tonic::Status::from_header_map(response.headers()).unwrap();
        assert_eq!(status.code(), expected, "{caller:?}");
    }
}

#[test]
fn keys_rotate_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (signs, trusted) = (folder.path().join("key.pem"), folder.path().join("trusted"));
    std::fs::create_dir(&trusted).unwrap();
    let clock = clock();
    let open = |source, trusted| Keyring::open(source, trusted, clock.clone()).unwrap();
    // The gateway signs with a key of its own; the service takes what its folder names.
    Key::load_or_create(&signs).unwrap();
    let gateway = open(KeySource::File(signs.clone()), None);
    let service = open(
        KeySource::Own(folder.path().join("own.pem")),
        Some(trusted.clone()),
    );
    let (signer, verifier) = (gateway.signer(), service.verifier());
    let trust = |name: &str, path: &std::path::Path| {
        let pem = Key::load_or_create(path)
            .unwrap()
            .public()
            .to_pem()
            .unwrap();
        std::fs::write(trusted.join(name), pem).unwrap();
    };
    let takes = || {
        verifier
            .verify(signer.mint(&caller()).unwrap().as_bytes())
            .is_ok()
    };
    assert!(!takes(), "nobody trusts the gateway yet");
    trust("old.pem", &signs);
    service.reload().unwrap();
    assert!(takes());

    let next = folder.path().join("next.pem");
    trust("new.pem", &next);
    service.reload().unwrap();
    assert!(takes(), "the old key still signs");
    let old = signer.mint(&caller()).unwrap();
    std::fs::copy(&next, &signs).unwrap();
    gateway.reload().unwrap();
    assert!(takes(), "the new key signs");
    assert!(
        verifier.verify(old.as_bytes()).is_ok(),
        "the old one's tokens live on"
    );
    std::fs::remove_file(trusted.join("old.pem")).unwrap();
    service.reload().unwrap();
    assert!(takes());
    assert!(verifier.verify(old.as_bytes()).is_err(), "and then no more");

    std::fs::write(trusted.join("broken.pem"), "no key").unwrap();
    assert!(service.reload().is_err());
    assert!(takes(), "what can't be read changes nothing");
}
