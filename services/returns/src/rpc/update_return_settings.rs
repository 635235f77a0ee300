//! How returns work for the tenant from now on. Refunds that wait are asked for anew.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use postlude_chassis::Caller;
use postlude_proto::returns::v1::{ReturnSettings, UpdateReturnSettingsRequest};
use postlude_store::RequestKey;

use super::get_return_settings::message;
use crate::{
    app::App,
    convert::{Unfit, count, return_request::etag},
    error::Error,
    store::{
        refunds,
        settings::{self, Settings},
    },
    timers::refund_command,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: UpdateReturnSettingsRequest,
) -> Result<ReturnSettings, Error> {
    let key = RequestKey::new("UpdateReturnSettings", &request.request_id, &request);
    let wanted = request
        .settings
        .as_ref()
        .ok_or_else(|| Unfit::new("settings", "is required"))?;
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(&caller.tenant, &key).await? {
                return Ok(reply);
            }
            let scope = app.store.read(&caller.tenant).await?;
            let current = settings::find(&scope).await?;
            drop(scope);
            if !request.etag.is_empty() && request.etag != etag(current.revision) {
                return Err(Error::EtagMismatch);
            }
            let next = parse(app, wanted, &current)?;
            let mut tx = app.store.begin(&caller.tenant).await?;
            if next != current {
                let next = Settings {
                    revision: current.revision + 1,
                    ..next.clone()
                };
                settings::save(&mut tx, &next).await?;
                for refund in refunds::open(&tx).await? {
                    refund_command::schedule(&mut tx, &refund.refund_id, app.store.now()).await?;
                }
            }
            let reply = message(&settings::find(&tx).await?);
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}

/// The settings as they would be; an empty secret keeps the stored one.
fn parse(app: &App, wanted: &ReturnSettings, current: &Settings) -> Result<Settings, Error> {
    let endpoint = wanted.payment_endpoint.trim();
    if !endpoint.is_empty() {
        check_endpoint(app, endpoint)?;
    }
    let secret = if wanted.payment_endpoint_secret.is_empty() {
        current.payment_endpoint_secret.clone()
    } else {
        wanted.payment_endpoint_secret.clone()
    };
    let field = "settings.payment_endpoint_secret";
    let signs = secret
        .strip_prefix("whsec_")
        .is_some_and(|bytes| STANDARD.decode(bytes).is_ok_and(|bytes| bytes.len() >= 16));
    if !secret.is_empty() && !signs {
        return Err(Unfit::new(field, "must be `whsec_` and base64 of 16 bytes or more").into());
    }
    if secret.is_empty() && !endpoint.is_empty() {
        return Err(Unfit::new(field, "is required with an endpoint").into());
    }
    Ok(Settings {
        payment_endpoint: endpoint.to_owned(),
        payment_endpoint_secret: secret,
        store_credit_bonus: count(
            "settings.store_credit_bonus_basis_points",
            wanted.store_credit_bonus_basis_points,
        )?,
        instant_exchange_days: count(
            "settings.instant_exchange_days",
            wanted.instant_exchange_days,
        )?,
        revision: current.revision,
    })
}

/// HTTPS, or plain HTTP to an address of the operator's own network, which only the operator's
/// `outgoing.allowed_cidrs` opens.
fn check_endpoint(app: &App, endpoint: &str) -> Result<(), Error> {
    let url = app
        .outgoing
        .check_url(endpoint)
        .map_err(|error| Error::EndpointRefused(error.to_string()))?;
    let host = url.host_str().unwrap_or_default();
    let own = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        // Resolved to a loopback address at each call, and refused there unless it is allowed.
        Err(_) => host == "localhost",
    };
    if url.scheme() == "https" || own {
        Ok(())
    } else {
        Err(Error::EndpointRefused(
            "it must be an https address".to_owned(),
        ))
    }
}
