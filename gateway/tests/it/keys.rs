//! Keys in the database, as the command line makes and revokes them.

use postlude_gateway::{
    Error,
    keys::{self, KeyRequest},
};
use postlude_kernel::{TenantId, Timestamp};
use postlude_testkit::{Database, until};
use tonic::Code;

use crate::place::{Behind, get, place, refused};

#[tokio::test]
async fn revokes_a_key_within_a_second_from_beside() {
    for database in Database::BOTH {
        let place = place(database, Behind::Near, "").await;
        let key = place.key(&["orders.read"]).await;
        let mut client = place.with_key(&key.secret).await;
        client.get_order(get("A-1")).await.unwrap();

        // By the command line's way: the gateway isn't told.
        let revoked = keys::revoke_key(&place.store, &key.api_key.key_id, None)
            .await
            .unwrap();
        assert!(revoked.revoke_time.is_some());
        let since = tokio::time::Instant::now();
        let status = until("the key stops working", async || {
            client.get_order(get("A-1")).await.err()
        })
        .await;
        assert!(since.elapsed().as_millis() < 1_000, "{:?}", since.elapsed());
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!(refused(&status).reason, "API_KEY_REVOKED");
        // Twice is the same as once.
        let again = keys::revoke_key(&place.store, &key.api_key.key_id, None)
            .await
            .unwrap();
        assert_eq!(again.revoke_time, revoked.revoke_time);
    }
}

#[tokio::test]
async fn refuses_a_key_past_its_time() {
    let place = place(Database::Sqlite, Behind::Near, "").await;
    let expiry = Timestamp::parse("2026-03-03T13:00:00Z").unwrap();
    let key = place.key_until(&["orders.read"], Some(expiry)).await;
    let mut client = place.with_key(&key.secret).await;
    client.get_order(get("A-1")).await.unwrap();
    place.clock.advance(std::time::Duration::from_secs(3600));
    let status = client.get_order(get("A-1")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(refused(&status).reason, "API_KEY_EXPIRED");
}

#[tokio::test]
async fn makes_tenants_and_keys_on_both_databases() {
    for database in Database::BOTH {
        let place = place(database, Behind::Near, "").await;
        let store = &place.store;
        let tenant = keys::create_tenant(store, "shop-1", "The shop")
            .await
            .unwrap();
        assert_eq!(
            (tenant.tenant_id.as_str(), tenant.display_name.as_str()),
            ("shop-1", "The shop")
        );
        let error = keys::create_tenant(store, "shop-1", "").await.unwrap_err();
        assert!(matches!(error, Error::TenantExists(_)), "{error:?}");
        for wrong in ["", "Shop", "platform", "a_b", &"x".repeat(41)] {
            let error = keys::create_tenant(store, wrong, "").await.unwrap_err();
            assert!(
                matches!(error, Error::TenantInvalid(_)),
                "{wrong}: {error:?}"
            );
        }
        let request = |tenant: &str, scope: &str| KeyRequest {
            tenant: TenantId::parse(tenant).unwrap(),
            scopes: vec![scope.to_owned()],
            display_name: "till".to_owned(),
            expire_time: None,
        };
        let error = keys::create_key(store, request("nobody", "orders.read"))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::TenantNotFound(_)), "{error:?}");
        for scope in ["orders.steal", "internal", ""] {
            let error = keys::create_key(store, request("shop-1", scope))
                .await
                .unwrap_err();
            assert!(
                matches!(error, Error::ScopeUnknown(_)),
                "{scope}: {error:?}"
            );
        }
        let key = keys::create_key(store, request("shop-1", "orders.read"))
            .await
            .unwrap();
        assert!(key.secret.starts_with("plk_"));
        assert!(!format!("{key:?}").contains(&key.secret));
        let other = TenantId::parse("other").unwrap();
        let error = keys::revoke_key(store, &key.api_key.key_id, Some(&other))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::ApiKeyNotFound(_)), "{error:?}");
    }
}
