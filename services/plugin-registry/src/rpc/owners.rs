//! The services that keep runs, as seen from here.

use postlude_chassis::{Caller, ServiceChannel};
use postlude_proto::runs::v1::run_service_client::RunServiceClient;
use postlude_store::StoreError;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

use crate::{App, Error, NAME, domain::Hook};

/// A client of the service that asks `hook`, for the caller's tenant.
///
/// Runs are served to this service alone, so the call is its own and not the caller's.
pub(super) fn client(app: &App, hook: Hook, caller: &Caller) -> RunServiceClient<ServiceChannel> {
    let own = Caller::service(NAME, caller.tenant.clone());
    RunServiceClient::new(app.clients.to(hook.owner(), &own))
}

/// Looks for a run at each service that keeps some. One that nobody has told us of keeps none; one that
/// doesn't answer hides nothing that another has.
pub(super) struct Search {
    run_id: String,
    unavailable: Option<Error>,
}

impl Search {
    pub(super) fn new(run_id: &str) -> Self {
        Self {
            run_id: run_id.to_owned(),
            unavailable: None,
        }
    }

    /// Whose runs there are.
    pub(super) fn places(app: &App) -> Vec<Hook> {
        let known = |hook: &Hook| app.clients.target(hook.owner()).is_some();
        Hook::ALL.iter().copied().filter(known).collect()
    }

    /// What an owner has answered, if it has the run.
    pub(super) fn look<T>(
        &mut self,
        hook: Hook,
        answer: Result<Response<T>, Status>,
    ) -> Result<Option<T>, Error> {
        match answer {
            Ok(found) => Ok(Some(found.into_inner())),
            Err(status) => {
                let refused = refusal(hook, &self.run_id, &status);
                if matches!(refused, Error::RunsUnavailable { .. }) {
                    self.unavailable = Some(refused);
                } else if !matches!(refused, Error::RunNotFound(_)) {
                    return Err(refused);
                }
                Ok(None)
            }
        }
    }

    /// Why nobody has it.
    pub(super) fn in_vain(self) -> Error {
        self.unavailable.unwrap_or(Error::RunNotFound(self.run_id))
    }
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
