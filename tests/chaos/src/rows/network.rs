//! Delays, cuts and silence between services, PostgreSQL and NATS.

use std::time::Duration;

use anyhow::Context as _;
use postlude::Part;
use postlude_proto::returns::v1::{
    GetReturnSettingsRequest, return_service_client::ReturnServiceClient,
};
use rand::RngExt as _;
use tonic::metadata::MetadataValue;

use super::{Outcome, Scene, Trial, kills::probe};
use crate::{
    cluster::Options,
    proxy::{Proxy, Weather},
    trial,
};

const LEAST: u32 = 1;
/// How much a call may take beyond its deadline until the client has its answer.
const SLACK: Duration = Duration::from_secs(2);

pub(super) async fn run(trial: &Trial) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let options = Options {
        proxied: true,
        ..trial.options()
    };
    let scene = Scene::open(options).await?;
    let plan = trial.writes("network");
    let deadline = plan.deadline;
    let mut random = trial.random();
    let load = scene.load(plan).await?;
    let cluster = &scene.cluster;
    let links = [
        cluster.database_proxy.as_ref().context("a proxy")?,
        cluster.broker_proxy.as_ref().context("a proxy")?,
    ];
    let weathers = [
        Weather::Slow(Duration::from_millis(30)),
        Weather::Down,
        Weather::Silent,
    ];
    let mut rounds = 0;
    let mut longest = Duration::ZERO;
    while rounds < LEAST || load.goes_on() {
        for link in links {
            for weather in weathers {
                load.pause(Duration::from_millis(random.random_range(200..1_000)))
                    .await;
                outcome.faults += 1;
                link.set(weather);
                load.pause(Duration::from_secs(2)).await;
                longest = longest.max(answer(&scene, deadline).await?);
                clear(link);
                let healed =
                    trial::recovery("returns", async || probe(&scene, Part::Returns).await).await?;
                outcome.recovered(healed);
            }
            link.cut();
            outcome.faults += 1;
        }
        rounds += 1;
    }
    let ran = load.finish().await?;
    outcome.figures.push(format!(
        "{} calls, {} of them made again; in bad weather the longest wait for an answer was {} ms",
        ran.history.len(),
        ran.repeats(),
        longest.as_millis()
    ));
    outcome.must(
        longest <= deadline + SLACK,
        format!("an answer took {longest:?}, the deadline was {deadline:?}"),
    );
    outcome.tell_failures(&ran, |_| false);
    outcome.verdict = scene.judge(&ran).await?;
    scene.close(&mut outcome).await?;
    Ok(outcome)
}

fn clear(link: &Proxy) {
    link.set(Weather::Fair);
}

/// How long a client waits for any answer at all.
async fn answer(scene: &Scene, deadline: Duration) -> anyhow::Result<Duration> {
    let key: MetadataValue<_> = format!("Bearer {}", scene.shop.key).parse()?;
    let mut request = tonic::Request::new(GetReturnSettingsRequest::default());
    request.metadata_mut().insert("authorization", key);
    request.set_timeout(deadline);
    let began = tokio::time::Instant::now();
    // Whatever it is: what counts is when.
    let _ = ReturnServiceClient::new(scene.cluster.channel.clone())
        .get_return_settings(request)
        .await;
    Ok(began.elapsed())
}
