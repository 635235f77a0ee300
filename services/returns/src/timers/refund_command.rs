//! The command that asks the retailer's payment system for a refund, a store credit or a charge, and
//! asks again until it says what became of it.
//!
//! One signed message by the Standard Webhooks specification, whose `webhook-id` is the refund's id: the
//! payment system answers the same id with the same refund. A 2xx answer has the body
//! `{"status": "confirmed" | "pending" | "failed", "reference": "…", "failure": "…"}`. A row for the
//! attempt is there before the call, so that a crash in the middle is seen. While nothing is known for
//! certain the refund stays REQUESTED; ConfirmRefund ends it at any time.

use postlude_chassis::{
    Secret,
    outgoing::{OutgoingError, WebhookRequest, WebhookResponse, backoff},
};
use postlude_kernel::Timestamp;
use postlude_store::{DueTimer, StoreError, Tx, jitter};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    domain::return_request::{Command, Refund, RefundMethod, Return, decide},
    error::Error,
    settlement,
    store::{refund_attempts, refunds, returns, settings},
};

/// The timer's kind; its key is the refund.
pub(crate) const KIND: &str = "refund-command";

/// Has the refund asked for as soon as may be.
pub(crate) async fn schedule(
    tx: &mut Tx,
    refund_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.schedule(KIND, refund_id, now, &[]).await
}

/// One attempt that has begun.
struct Attempt {
    state: Return,
    refund: refunds::Stored,
    number: i64,
    endpoint: String,
    secret: Secret,
}

/// What came of an attempt.
enum Outcome {
    Confirmed {
        reference: String,
    },
    Failed {
        failure: String,
    },
    Pending,
    /// Nobody knows. `again` says when to ask again.
    Unknown {
        failure: String,
        again: Again,
    },
}

/// When to ask again.
enum Again {
    BySchedule,
    NotBefore(std::time::Duration),
    /// Not before the settings change.
    Never,
}

pub(crate) async fn fire(app: App, timer: DueTimer) -> Result<(), Error> {
    let begun = app
        .store
        .attempt(async || begin(&app, &timer).await)
        .await?;
    let Some(attempt) = begun else {
        return Ok(());
    };
    let outcome = call(&app, &attempt).await;
    app.store
        .attempt(async || end(&app, &timer, &attempt, &outcome).await)
        .await
}

/// Puts the attempt's row there; `None` if there is nothing to ask, or nobody to ask.
async fn begin(app: &App, timer: &DueTimer) -> Result<Option<Attempt>, Error> {
    let mut tx = app.store.begin(&timer.tenant).await?;
    let Some(refund) = refunds::find(&tx, &timer.key)
        .await?
        .filter(|refund| refund.open)
    else {
        return Ok(None);
    };
    let settings = settings::find(&tx).await?;
    let state = returns::find(&tx, &refund.return_id).await?;
    let Some(state) = state.filter(|_| !settings.payment_endpoint.is_empty()) else {
        return Ok(None);
    };
    let number = refund.attempt_count + 1;
    refund_attempts::begin(&mut tx, &refund.refund_id, number, app.store.now()).await?;
    refunds::count_attempt(
        &mut tx,
        &refund.refund_id,
        refund.attempt_count,
        number,
        &refund.last_failure,
    )
    .await?;
    tx.commit().await?;
    Ok(Some(Attempt {
        state,
        refund,
        number,
        endpoint: settings.payment_endpoint,
        secret: Secret::new(settings.payment_endpoint_secret),
    }))
}

/// Calls the payment system, once.
async fn call(app: &App, attempt: &Attempt) -> Outcome {
    let unknown = |failure: String| Outcome::Unknown {
        failure,
        again: Again::BySchedule,
    };
    let Some(refund) = attempt.state.refund(&attempt.refund.refund_id) else {
        return unknown("the refund is not part of its return".to_owned());
    };
    let body = match serde_json::to_vec(&Message::of(&attempt.state, refund)) {
        Ok(body) => body,
        Err(error) => return unknown(error.to_string()),
    };
    let request = WebhookRequest {
        url: attempt.endpoint.clone(),
        secret: attempt.secret.clone(),
        id: refund.refund_id.clone(),
        time: app.store.now(),
        body: body.into(),
    };
    match app.outgoing.send(&request).await {
        Ok(response) => read(&response),
        Err(error @ (OutgoingError::Url(_) | OutgoingError::Secret | OutgoingError::Body)) => {
            Outcome::Unknown {
                failure: error.to_string(),
                again: Again::Never,
            }
        }
        Err(error) => unknown(error.to_string()),
    }
}

fn read(response: &WebhookResponse) -> Outcome {
    let status = response.status;
    if !status.is_success() {
        return Outcome::Unknown {
            failure: format!("the payment system answered HTTP {}", status.as_u16()),
            again: match (status.as_u16(), response.retry_after) {
                (410, _) => Again::Never,
                (_, Some(wait)) => Again::NotBefore(wait),
                (_, None) => Again::BySchedule,
            },
        };
    }
    match serde_json::from_slice::<Reply>(&response.body) {
        Ok(reply) => match reply.status {
            Status::Confirmed => Outcome::Confirmed {
                reference: reply.reference,
            },
            Status::Failed => Outcome::Failed {
                failure: if reply.failure.is_empty() {
                    "the payment system refused".to_owned()
                } else {
                    reply.failure
                },
            },
            Status::Pending => Outcome::Pending,
        },
        Err(error) => Outcome::Unknown {
            failure: format!("the payment system's answer can't be read: {error}"),
            again: Again::BySchedule,
        },
    }
}

async fn end(
    app: &App,
    timer: &DueTimer,
    attempt: &Attempt,
    outcome: &Outcome,
) -> Result<(), Error> {
    let now = app.store.now();
    let refund_id = attempt.refund.refund_id.as_str();
    let mut tx = app.store.begin(&timer.tenant).await?;
    let open = refunds::find(&tx, refund_id)
        .await?
        .filter(|refund| refund.open);
    let state = returns::find(&tx, &attempt.refund.return_id).await?;
    let (Some(refund), Some(state)) = (open, state) else {
        // ConfirmRefund was faster.
        return Ok(());
    };
    let (text, command) = match outcome {
        Outcome::Confirmed { reference } => (
            "confirmed",
            Some(Command::ConfirmRefund {
                refund_id: refund_id.to_owned(),
                external_reference: reference.clone(),
            }),
        ),
        Outcome::Failed { failure } => (
            failure.as_str(),
            Some(Command::FailRefund {
                refund_id: refund_id.to_owned(),
                failure: failure.clone(),
            }),
        ),
        Outcome::Pending => ("pending", None),
        Outcome::Unknown { failure, .. } => (failure.as_str(), None),
    };
    refund_attempts::end(&mut tx, refund_id, attempt.number, now, text).await?;
    if let Some(command) = command {
        let decided = decide(&state, command, app.moment())?;
        settlement::settle(&mut tx, &refund, &decided).await?;
        tx.finish_timer(timer).await?;
        tx.commit().await?;
        return Ok(());
    }
    let failure = match outcome {
        Outcome::Unknown { failure, .. } => failure.as_str(),
        Outcome::Pending | Outcome::Confirmed { .. } | Outcome::Failed { .. } => "",
    };
    refunds::count_attempt(
        &mut tx,
        refund_id,
        refund.attempt_count,
        refund.attempt_count,
        failure,
    )
    .await?;
    match again(app, outcome, attempt.number) {
        Some(wait) => {
            let wait = jitter(app.store.ids(), now, wait * 4 / 3);
            tx.reschedule_timer(timer, now.plus(wait)).await?;
        }
        None => tx.finish_timer(timer).await?,
    }
    tx.commit().await?;
    Ok(())
}

/// How long to wait before the payment system is asked again; `None` once it makes no sense any more.
fn again(app: &App, outcome: &Outcome, number: i64) -> Option<std::time::Duration> {
    let scheduled = || backoff(u32::try_from(number).unwrap_or(u32::MAX));
    match outcome {
        Outcome::Pending => Some(app.config.refund_reconcile()),
        Outcome::Unknown { again, .. } => match again {
            Again::BySchedule => scheduled(),
            Again::NotBefore(wait) => scheduled().map(|scheduled| scheduled.max(*wait)),
            Again::Never => None,
        },
        Outcome::Confirmed { .. } | Outcome::Failed { .. } => None,
    }
}

/// What the payment system is sent. It names no customer.
#[derive(Serialize)]
struct Message<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    refund_id: &'a str,
    return_id: &'a str,
    order_id: &'a str,
    currency_code: &'a str,
    amount_minor: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    gift_recipient: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange_id: Option<&'a str>,
    breakdown: Parts,
}

#[derive(Serialize)]
struct Parts {
    net_minor: i64,
    tax_minor: i64,
    shipping_minor: i64,
    restocking_fee_minor: i64,
    return_shipping_fee_minor: i64,
    #[serde(skip_serializing_if = "is_zero")]
    bonus_minor: i64,
    #[serde(skip_serializing_if = "is_zero")]
    goodwill_minor: i64,
    #[serde(skip_serializing_if = "is_zero")]
    replacement_minor: i64,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the serialiser hands over a reference"
)]
const fn is_zero(amount: &i64) -> bool {
    *amount == 0
}

/// What is asked for. The amount is what moves, whichever way.
const fn r#type(total: i64, method: RefundMethod) -> &'static str {
    match method {
        _ if total < 0 => "charge.requested",
        RefundMethod::StoreCredit | RefundMethod::GiftCredit => "credit.requested",
        RefundMethod::Original | RefundMethod::None => "refund.requested",
    }
}

impl<'a> Message<'a> {
    fn of(state: &'a Return, refund: &'a Refund) -> Self {
        let parts = &refund.breakdown;
        Self {
            r#type: r#type(parts.total(), refund.method),
            // Of the refund, not of the attempt: every attempt sends the same bytes.
            timestamp: refund.requested.to_string(),
            data: Data {
                refund_id: &refund.refund_id,
                return_id: &state.return_id,
                order_id: &state.order_id,
                currency_code: refund.breakdown.currency.as_str(),
                amount_minor: parts.total().saturating_abs(),
                gift_recipient: &state.gift_recipient,
                exchange_id: refund.exchange_id.as_deref(),
                breakdown: Parts {
                    net_minor: parts.net,
                    tax_minor: parts.tax,
                    shipping_minor: parts.shipping,
                    restocking_fee_minor: parts.restocking_fee,
                    return_shipping_fee_minor: parts.return_shipping_fee,
                    bonus_minor: parts.bonus,
                    goodwill_minor: parts.goodwill,
                    replacement_minor: parts.replacement,
                },
            },
        }
    }
}

/// What the payment system answers.
#[derive(Deserialize)]
struct Reply {
    status: Status,
    #[serde(default)]
    reference: String,
    #[serde(default)]
    failure: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Confirmed,
    Pending,
    Failed,
}
