//! How returns work for the tenant. The secret stays here.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{GetReturnSettingsRequest, ReturnSettings};

use crate::{
    app::App,
    convert::{count_message, return_request::etag},
    error::Error,
    store::settings::{self, Settings},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    _request: GetReturnSettingsRequest,
) -> Result<ReturnSettings, Error> {
    let scope = app.store.read(&caller.tenant).await?;
    Ok(message(&settings::find(&scope).await?))
}

/// The settings as callers see them.
pub(super) fn message(settings: &Settings) -> ReturnSettings {
    ReturnSettings {
        payment_endpoint: settings.payment_endpoint.clone(),
        payment_endpoint_secret: String::new(),
        has_payment_endpoint_secret: !settings.payment_endpoint_secret.is_empty(),
        etag: etag(settings.revision),
        store_credit_bonus_basis_points: count_message(settings.store_credit_bonus),
        instant_exchange_days: count_message(settings.instant_exchange_days),
    }
}
