//! The admin service through the door.

use postlude_proto::gateway::v1::{
    CreateApiKeyRequest, CreateTenantRequest, ListApiKeysRequest, RevokeApiKeyRequest, Tenant,
    admin_service_client::AdminServiceClient,
};
use postlude_testkit::Database;
use tonic::{Code, Status};

use crate::place::{Behind, Door, Place, get, place, refused};

async fn admin(place: &Place, scopes: &[&str]) -> AdminServiceClient<Door> {
    let key = place.key(scopes).await;
    AdminServiceClient::new(place.door(&format!("Bearer {}", key.secret)).await)
}

fn create_key(tenant_id: &str, scopes: &[&str]) -> CreateApiKeyRequest {
    CreateApiKeyRequest {
        tenant_id: tenant_id.to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        ..CreateApiKeyRequest::default()
    }
}

fn create_tenant(tenant_id: &str) -> CreateTenantRequest {
    CreateTenantRequest {
        tenant: Some(Tenant {
            tenant_id: tenant_id.to_owned(),
            ..Tenant::default()
        }),
    }
}

fn reason(status: &Status) -> (Code, String) {
    (status.code(), refused(status).reason)
}

#[tokio::test]
async fn creates_a_tenant_and_a_key_that_works_and_revokes_it() {
    for database in Database::BOTH {
        let place = place(database, Behind::Near, "").await;
        let mut admin = admin(&place, &["platform.admin", "keys.manage"]).await;
        let tenant = admin.create_tenant(create_tenant("shop")).await.unwrap();
        assert!(tenant.into_inner().create_time.is_some());
        let status = admin
            .create_tenant(create_tenant("shop"))
            .await
            .unwrap_err();
        assert_eq!(
            reason(&status),
            (Code::AlreadyExists, "TENANT_EXISTS".into())
        );
        let status = admin
            .create_tenant(create_tenant("platform"))
            .await
            .unwrap_err();
        assert_eq!(
            reason(&status),
            (Code::InvalidArgument, "TENANT_INVALID".into())
        );
        let status = admin
            .create_tenant(create_tenant("Shop!"))
            .await
            .unwrap_err();
        assert_eq!(
            reason(&status),
            (Code::InvalidArgument, "VALIDATION_FAILED".into())
        );

        let made = admin
            .create_api_key(create_key("shop", &["orders.read"]))
            .await
            .unwrap()
            .into_inner();
        let key = made.api_key.unwrap();
        assert_eq!(key.tenant_id, "shop");
        let mut client = place.with_key(&made.secret).await;
        let order = client.get_order(get("A-1")).await.unwrap().into_inner();
        assert!(order.customer_id.ends_with(" of shop"), "{order:?}");

        let revoke = RevokeApiKeyRequest { key_id: key.key_id };
        let revoked = admin.revoke_api_key(revoke).await.unwrap().into_inner();
        assert!(revoked.revoke_time.is_some());
        // Revoked through this gateway, it is gone at once.
        let status = client.get_order(get("A-1")).await.unwrap_err();
        assert_eq!(
            reason(&status),
            (Code::Unauthenticated, "API_KEY_REVOKED".into())
        );
    }
}

#[tokio::test]
async fn lets_nobody_give_what_they_lack_or_reach_into_another_tenant() {
    let place = place(Database::Sqlite, Behind::Near, "").await;
    let mut platform = admin(&place, &["platform.admin", "keys.manage"]).await;
    platform.create_tenant(create_tenant("shop")).await.unwrap();
    let foreign = platform
        .create_api_key(create_key("shop", &["orders.read"]))
        .await
        .unwrap()
        .into_inner()
        .api_key
        .unwrap();

    let mut admin = admin(&place, &["keys.manage", "orders.read"]).await;
    admin
        .create_api_key(create_key("", &["orders.read"]))
        .await
        .unwrap();
    admin
        .create_api_key(create_key("demo", &["keys.manage"]))
        .await
        .unwrap();
    let status = admin
        .create_api_key(create_key("", &["orders.read", "orders.write"]))
        .await
        .unwrap_err();
    assert_eq!(
        reason(&status),
        (Code::PermissionDenied, "SCOPE_NOT_HELD".into())
    );
    assert_eq!(refused(&status).metadata["scope"], "orders.write");
    let status = admin
        .create_api_key(create_key("shop", &["orders.read"]))
        .await
        .unwrap_err();
    assert_eq!(
        reason(&status),
        (Code::PermissionDenied, "SCOPE_MISSING".into())
    );
    let status = admin
        .create_tenant(create_tenant("mine"))
        .await
        .unwrap_err();
    assert_eq!(
        reason(&status),
        (Code::PermissionDenied, "SCOPE_MISSING".into())
    );
    for key_id in [foreign.key_id.as_str(), "key_nonsense"] {
        let revoke = RevokeApiKeyRequest {
            key_id: key_id.to_owned(),
        };
        let status = admin.revoke_api_key(revoke).await.unwrap_err();
        assert_eq!(
            reason(&status),
            (Code::NotFound, "API_KEY_NOT_FOUND".into())
        );
    }
    let status = platform
        .create_api_key(create_key("nobody", &["orders.read"]))
        .await
        .unwrap_err();
    assert_eq!(reason(&status), (Code::NotFound, "TENANT_NOT_FOUND".into()));
    let status = platform
        .create_api_key(create_key("", &["orders.steal"]))
        .await
        .unwrap_err();
    assert_eq!(
        reason(&status),
        (Code::InvalidArgument, "SCOPE_UNKNOWN".into())
    );
}

#[tokio::test]
async fn lists_keys_newest_first_page_by_page() {
    for database in Database::BOTH {
        let place = place(database, Behind::Near, "").await;
        let mut admin = admin(&place, &["keys.manage", "orders.read"]).await;
        for _ in 0..4 {
            admin
                .create_api_key(create_key("", &["orders.read"]))
                .await
                .unwrap();
        }
        let mut seen = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListApiKeysRequest {
                page_size: 2,
                page_token,
                ..ListApiKeysRequest::default()
            };
            let page = admin.list_api_keys(request).await.unwrap().into_inner();
            assert!(page.api_keys.len() <= 2);
            seen.extend(page.api_keys.into_iter().map(|key| key.key_id));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(seen.len(), 5);
        assert!(seen.is_sorted_by(|newer, older| newer > older), "{seen:?}");
        let request = ListApiKeysRequest {
            page_token: "nonsense".to_owned(),
            ..ListApiKeysRequest::default()
        };
        let status = admin.list_api_keys(request).await.unwrap_err();
        assert_eq!(
            reason(&status),
            (Code::InvalidArgument, "PAGE_TOKEN_INVALID".into())
        );
    }
}
