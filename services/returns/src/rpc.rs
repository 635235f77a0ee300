//! The contract's methods, one line each: the chassis checks and dispatches, the file tells the story.

mod approve_return;
mod cancel_return;
mod confirm_refund;
mod create_claim;
mod create_goodwill_refund;
mod create_return;
mod decline_return;
mod exchange_return;
mod get_claim;
mod get_return;
mod get_return_settings;
mod get_run;
mod inspect_return;
mod issue_label;
mod list_claims;
mod list_returns;
mod list_runs;
mod quote_return;
mod receive_return;
mod record_return_scan;
mod refund_return;
mod replay_run;
mod resolve_claim;
mod update_return_settings;
mod watch_return;

use postlude_chassis::rpc::{Replies, server_stream, unary};
use postlude_kernel::TenantId;
use postlude_proto::{
    returns::v1::{claim_service_server::ClaimService, return_service_server::ReturnService, *},
    runs::v1::{run_service_server::RunService, *},
};
use postlude_store::Scope;
use tonic::{Request, Response, Status};

use crate::{
    app::App,
    convert::{return_request::etag as etag_of, view::View},
    domain::{claim::Claim as DomainClaim, return_request as domain},
    error::Error,
    store::{claims, returns},
};

/// `postlude.returns.v1.ReturnService`.
pub(crate) struct Returns(pub(crate) App);

/// `postlude.returns.v1.ClaimService`.
pub(crate) struct Claims(pub(crate) App);

/// `postlude.runs.v1.RunService`, for the registry.
pub(crate) struct Runs(pub(crate) App);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ReturnService for Returns {
    type WatchReturnStream = Replies<Return>;

    async fn quote_return(&self, request: Request<QuoteReturnRequest>) -> Answer<Quote> {
        unary(request, async |caller, message| {
            let view = View::of(&caller);
            let answer = quote_return::handle(&self.0, caller, message).await;
            answer.map(|quote| view.of_quote(quote))
        })
        .await
    }

    async fn create_return(&self, request: Request<CreateReturnRequest>) -> Answer<Return> {
        unary(request, async |caller, message| {
            let view = View::of(&caller);
            let answer = Box::pin(create_return::handle(&self.0, caller, message)).await;
            answer.map(|state| view.of_return(state))
        })
        .await
    }

    async fn get_return(&self, request: Request<GetReturnRequest>) -> Answer<Return> {
        unary(request, async |caller, message| {
            let view = View::of(&caller);
            let answer = get_return::handle(&self.0, caller, message).await;
            answer.map(|state| view.of_return(state))
        })
        .await
    }

    async fn list_returns(
        &self,
        request: Request<ListReturnsRequest>,
    ) -> Answer<ListReturnsResponse> {
        unary(request, |caller, message| {
            list_returns::handle(&self.0, caller, message)
        })
        .await
    }

    async fn approve_return(&self, request: Request<ApproveReturnRequest>) -> Answer<Return> {
        unary(request, |caller, message| {
            approve_return::handle(&self.0, caller, message)
        })
        .await
    }

    async fn decline_return(&self, request: Request<DeclineReturnRequest>) -> Answer<Return> {
        unary(request, |caller, message| {
            decline_return::handle(&self.0, caller, message)
        })
        .await
    }

    async fn cancel_return(&self, request: Request<CancelReturnRequest>) -> Answer<Return> {
        unary(request, async |caller, message| {
            let view = View::of(&caller);
            let answer = cancel_return::handle(&self.0, caller, message).await;
            answer.map(|state| view.of_return(state))
        })
        .await
    }

    async fn issue_label(&self, request: Request<IssueLabelRequest>) -> Answer<Return> {
        unary(request, async |caller, message| {
            let view = View::of(&caller);
            let answer = issue_label::handle(&self.0, caller, message).await;
            answer.map(|state| view.of_return(state))
        })
        .await
    }

    async fn record_return_scan(
        &self,
        request: Request<RecordReturnScanRequest>,
    ) -> Answer<Return> {
        unary(request, |caller, message| {
            record_return_scan::handle(&self.0, caller, message)
        })
        .await
    }

    async fn receive_return(&self, request: Request<ReceiveReturnRequest>) -> Answer<Return> {
        unary(request, |caller, message| {
            receive_return::handle(&self.0, caller, message)
        })
        .await
    }

    async fn inspect_return(&self, request: Request<InspectReturnRequest>) -> Answer<Return> {
        unary(request, |caller, message| {
            inspect_return::handle(&self.0, caller, message)
        })
        .await
    }

    async fn refund_return(&self, request: Request<RefundReturnRequest>) -> Answer<Return> {
        unary(request, |caller, message| {
            refund_return::handle(&self.0, caller, message)
        })
        .await
    }

    async fn exchange_return(&self, request: Request<ExchangeReturnRequest>) -> Answer<Return> {
        unary(request, |caller, message| {
            Box::pin(exchange_return::handle(&self.0, caller, message))
        })
        .await
    }

    async fn create_goodwill_refund(
        &self,
        request: Request<CreateGoodwillRefundRequest>,
    ) -> Answer<Return> {
        unary(request, |caller, message| {
            create_goodwill_refund::handle(&self.0, caller, message)
        })
        .await
    }

    async fn confirm_refund(&self, request: Request<ConfirmRefundRequest>) -> Answer<Return> {
        unary(request, |caller, message| {
            confirm_refund::handle(&self.0, caller, message)
        })
        .await
    }

    async fn watch_return(
        &self,
        request: Request<WatchReturnRequest>,
    ) -> Answer<Self::WatchReturnStream> {
        server_stream(request, |caller, message| {
            watch_return::handle(&self.0, caller, message)
        })
        .await
    }

    async fn get_return_settings(
        &self,
        request: Request<GetReturnSettingsRequest>,
    ) -> Answer<ReturnSettings> {
        unary(request, |caller, message| {
            get_return_settings::handle(&self.0, caller, message)
        })
        .await
    }

    async fn update_return_settings(
        &self,
        request: Request<UpdateReturnSettingsRequest>,
    ) -> Answer<ReturnSettings> {
        unary(request, |caller, message| {
            update_return_settings::handle(&self.0, caller, message)
        })
        .await
    }
}

#[tonic::async_trait]
impl ClaimService for Claims {
    async fn create_claim(&self, request: Request<CreateClaimRequest>) -> Answer<Claim> {
        unary(request, |caller, message| {
            create_claim::handle(&self.0, caller, message)
        })
        .await
    }

    async fn get_claim(&self, request: Request<GetClaimRequest>) -> Answer<Claim> {
        unary(request, |caller, message| {
            get_claim::handle(&self.0, caller, message)
        })
        .await
    }

    async fn list_claims(&self, request: Request<ListClaimsRequest>) -> Answer<ListClaimsResponse> {
        unary(request, |caller, message| {
            list_claims::handle(&self.0, caller, message)
        })
        .await
    }

    async fn resolve_claim(&self, request: Request<ResolveClaimRequest>) -> Answer<Claim> {
        unary(request, |caller, message| {
            Box::pin(resolve_claim::handle(&self.0, caller, message))
        })
        .await
    }
}

#[tonic::async_trait]
impl RunService for Runs {
    async fn list_runs(&self, request: Request<ListRunsRequest>) -> Answer<ListRunsResponse> {
        unary(request, |caller, message| {
            list_runs::handle(&self.0, caller, message)
        })
        .await
    }

    async fn get_run(&self, request: Request<GetRunRequest>) -> Answer<Run> {
        unary(request, |caller, message| {
            get_run::handle(&self.0, caller, message)
        })
        .await
    }

    async fn replay_run(&self, request: Request<ReplayRunRequest>) -> Answer<Replay> {
        unary(request, |caller, message| {
            replay_run::handle(&self.0, caller, message)
        })
        .await
    }
}

/// A return as it is now, if it is still what the caller saw; an empty etag is any.
async fn load(
    app: &App,
    tenant: &TenantId,
    return_id: &str,
    etag: &str,
) -> Result<domain::Return, Error> {
    let scope = app.store.read(tenant).await?;
    let found = find(&scope, return_id).await?;
    check_etag(etag, found.version)?;
    Ok(found)
}

/// Whether a resource is still what the caller saw; an empty etag is any.
fn check_etag(etag: &str, version: i64) -> Result<(), Error> {
    if etag.is_empty() || etag == etag_of(version) {
        Ok(())
    } else {
        Err(Error::EtagMismatch)
    }
}

/// A claim that must be there.
async fn find_claim(scope: &impl Scope, claim_id: &str) -> Result<DomainClaim, Error> {
    claims::find(scope, claim_id)
        .await?
        .ok_or_else(|| Error::ClaimNotFound(claim_id.to_owned()))
}

/// A return that must be there.
async fn find(scope: &impl Scope, return_id: &str) -> Result<domain::Return, Error> {
    returns::find(scope, return_id)
        .await?
        .ok_or_else(|| Error::ReturnNotFound(return_id.to_owned()))
}
