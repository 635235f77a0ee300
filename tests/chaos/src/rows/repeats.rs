//! The same request a hundred times at once, while processes are killed; then with another body.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use postlude::Part;
use postlude_journeys::{
    story::{Story, reason},
    world,
};
use postlude_proto::returns::v1::{CreateReturnRequest, RequestedLine, ReturnReason};
use tonic::Code;

use super::{Outcome, Scene, Trial};
use crate::trial;

const TIMES: usize = 100;
const LEAST: u64 = 3;

pub(super) async fn run(trial: &Trial) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut scene = Scene::open(trial.options()).await?;
    let load = scene.load(trial.writes("repeats")).await?;
    let mut round: u64 = 0;
    while round < LEAST || load.goes_on() {
        let story = Story::new(&format!("repeated-{round}"), world::days_ago(6));
        story.deliver_all(&scene.shop).await?;
        story.delivery_is_known(&scene.shop, "1").await?;
        let request = CreateReturnRequest {
            order_id: story.order_id.clone(),
            lines: vec![RequestedLine {
                line_id: "1".to_owned(),
                quantity: 1,
                reason: ReturnReason::ChangedMind.into(),
                ..RequestedLine::default()
            }],
            request_id: format!("the-same-{round}"),
            ..CreateReturnRequest::default()
        };
        let returns = scene.shop.returns.clone();
        let calls = join_all((0..TIMES).map(|_| {
            let (request, mut returns) = (request.clone(), returns.clone());
            async move {
                loop {
                    match returns.create_return(request.clone()).await {
                        Err(status) if may_come_again(&status) => tokio::task::yield_now().await,
                        answer => return answer.map(tonic::Response::into_inner),
                    }
                }
            }
        }));
        let kill = async {
            scene.cluster.apart.kill(Part::Returns, 0).await?;
            scene.cluster.apart.restart(Part::Returns, 0).await
        };
        let (answers, killed) = tokio::join!(calls, kill);
        killed?;
        outcome.faults += 1;
        let mut ids = BTreeSet::new();
        for answer in answers {
            match answer {
                Ok(opened) => {
                    ids.insert(opened.return_id);
                }
                Err(status) => {
                    outcome.must(false, format!("one of the same was refused: {status}"))
                }
            }
        }
        outcome.must(
            ids.len() == 1,
            format!("{} returns of one request", ids.len()),
        );
        let changed = CreateReturnRequest {
            lines: request
                .lines
                .iter()
                .map(|line| RequestedLine {
                    quantity: 2,
                    ..line.clone()
                })
                .collect(),
            ..request
        };
        let answer = scene.shop.returns.clone().create_return(changed).await;
        let refused = answer.err().map(|status| (status.code(), reason(&status)));
        let expected = (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned());
        outcome.must(
            refused == Some(expected),
            format!("another body under the same id: {refused:?}"),
        );
        round += 1;
    }
    let ran = load.finish().await?;
    outcome.figures.push(format!(
        "{round} requests, each {TIMES} times at once with a kill in the middle"
    ));
    outcome.tell_failures(&ran, |_| false);
    trial::recovery("returns", async || {
        super::kills::probe(&scene, Part::Returns).await
    })
    .await?;
    outcome.verdict = scene.judge(&ran).await?;
    scene.close(&mut outcome).await?;
    Ok(outcome)
}

/// The platform was away, or busy with the same request.
fn may_come_again(status: &tonic::Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::Aborted | Code::ResourceExhausted
    )
}
