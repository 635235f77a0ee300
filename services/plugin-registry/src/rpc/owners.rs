//! The services that keep runs, as seen from here.

use postlude_chassis::{Caller, ServiceChannel};
use postlude_proto::runs::v1::run_service_client::RunServiceClient;
use postlude_store::StoreError;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{App, Error, NAME, domain::Hook};

/// A client of the service that asks `hook`, for the caller's tenant.
///
/// Runs are served to this service alone, so the call is its own and not the caller's.
pub(super) fn client(app: &App, hook: Hook, caller: &Caller) -> RunServiceClient<ServiceChannel> {
    let own = Caller::service(NAME, caller.tenant.clone());
    RunServiceClient::new(app.clients.to(hook.owner(), &own))
}

/// What an owner's refusal means to our caller.
pub(super) fn refusal(hook: Hook, run_id: &str, status: &Status) -> Error {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.as_str());
    match (reason, status.code()) {
        (Some("RUN_NOT_FOUND"), _) => Error::RunNotFound(run_id.to_owned()),
        (Some("PAGE_TOKEN_INVALID"), _) => Error::Store(StoreError::PageToken),
        (_, Code::FailedPrecondition) => Error::RunNotReplayable(status.message().to_owned()),
        (_, code) => Error::RunsUnavailable {
            owner: hook.owner(),
            detail: format!("{code:?}: {}", status.message()),
        },
    }
}
