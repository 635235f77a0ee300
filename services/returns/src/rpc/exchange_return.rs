//! Goods for goods. The difference in price is refunded or charged: now, where the customer's goods have
//! been judged; once they are, where the replacement ships first.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{ExchangeReturnRequest, Return};
use postlude_store::RequestKey;

use crate::{
    app::App,
    convert::return_request::parse_replacements,
    domain::{
        refund::Due,
        return_request::{Command, ExchangeId, Exchanging, How, decide, exchangeable, price},
    },
    error::Error,
    save, settlement,
    store::settings,
    timers::exchange_deadline,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ExchangeReturnRequest,
) -> Result<Return, Error> {
    let key = RequestKey::new("ExchangeReturn", &request.request_id, &request);
    let tenant = &caller.tenant;
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let current = super::load(app, tenant, &request.return_id, &request.etag).await?;
            let replacements =
                parse_replacements(request.replacement_lines.clone(), current.currency)?;
            let lines = exchangeable(&current, &request.return_line_ids, request.instant)?;
            let now = app.store.now();
            let exchange_id: String = ExchangeId::generate(app.store.ids(), now).into();

            let (how, planned) = if request.instant {
                let settings = settings::find(&app.store.read(tenant).await?).await?;
                let deadline = now.plus_days(i64::from(settings.exchange_days()));
                (How::Instant { deadline }, None)
            } else {
                let due = Due {
                    exchange: Some((&exchange_id, price(&replacements))),
                    lines: current
                        .lines
                        .iter()
                        .filter(|line| lines.contains(&line.return_line_id))
                        .collect(),
                };
                let planned = settlement::planned(app, tenant, &current.order_id, &[due]).await?;
                (How::AfterJudging(planned.plans.clone()), Some(planned))
            };
            let command = Command::Exchange(Exchanging {
                exchange_id: exchange_id.clone(),
                return_line_ids: lines,
                replacements,
                how: how.clone(),
            });
            let decided = decide(&current, command, app.moment())?;

            let mut tx = app.store.begin(tenant).await?;
            save::changed(&mut tx, &decided).await?;
            if let Some(planned) = planned {
                let asked = decided.asked_since(&current);
                settlement::ask(&mut tx, app, &decided, asked, planned).await?;
            }
            if let How::Instant { deadline } = how {
                let return_id = &decided.state.return_id;
                exchange_deadline::schedule(&mut tx, return_id, &exchange_id, deadline).await?;
            }
            let reply = save::reply(&tx, &decided.state).await?;
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
