//! What a tenant needs before its story can begin: scopes, a key, an address for refunds.

use postlude_gateway::keys::{KeyRequest, create_key, create_tenant};
use postlude_kernel::TenantId;
use postlude_proto::returns::v1::{ReturnSettings, UpdateReturnSettingsRequest};
use postlude_store::Store;
use tonic::Status;

use crate::{
    shop::Shop,
    sink::{self, Sink},
};

/// The tenant whose key manages the others.
const OPERATOR: &str = "operator";

/// Every scope that a retailer's own key may hold.
#[must_use]
pub fn all_but_platform() -> Vec<&'static str> {
    postlude_proto::scopes()
        .into_iter()
        .filter(|scope| *scope != "platform.admin")
        .collect()
}

/// Makes the first tenant and its key, which may do everything.
///
/// # Errors
/// If the gateway refuses.
pub async fn operator(store: &Store) -> anyhow::Result<String> {
    create_tenant(store, OPERATOR, "").await?;
    let request = KeyRequest {
        tenant: TenantId::parse(OPERATOR)?,
        scopes: postlude_proto::scopes()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        display_name: String::new(),
        expire_time: None,
    };
    Ok(create_key(store, request).await?.secret)
}

/// The first API key in a text.
#[must_use]
pub fn secret(printed: &str) -> Option<String> {
    let start = printed.find("plk_")?;
    let secret: String = printed
        .get(start..)?
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
        .collect();
    Some(secret)
}

/// Sends a tenant's refund commands to `sink`.
///
/// # Errors
/// If the settings are refused.
pub async fn refunds_go_to(shop: &Shop, sink: &Sink) -> Result<(), Status> {
    let request = UpdateReturnSettingsRequest {
        settings: Some(ReturnSettings {
            payment_endpoint: sink.url(),
            payment_endpoint_secret: sink::SECRET.to_owned(),
            ..ReturnSettings::default()
        }),
        ..UpdateReturnSettingsRequest::default()
    };
    shop.returns
        .clone()
        .update_return_settings(request)
        .await
        .map(drop)
}
