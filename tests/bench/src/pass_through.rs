//! A read through the gateway beside the same read from the service.
#![allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people"
)]

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use futures_util::future::try_join_all;
use postlude::Part;
use postlude_chaos::{
    cluster::{Cluster, Options},
    serving::Serving,
};
use postlude_chassis::{
    Caller,
    identity::{HEADER, Key},
};
use postlude_journeys::{process, sink::Sink};
use postlude_kernel::{SystemClock, TenantId};
use postlude_proto::returns::v1::{
    GetReturnSettingsRequest, return_service_client::ReturnServiceClient,
};
use tokio::time::Instant;
use tonic::{Request, metadata::MetadataValue, transport::Channel};

use crate::{
    figure::{Figure, Goal, median},
    floor::TENANT,
};

const IN_FLIGHT: usize = 64;
const CONNECTIONS: usize = 4;
const ROUNDS: usize = 5;
const TIME: Duration = Duration::from_secs(2);

pub(crate) async fn measure(binary: &Path) -> anyhow::Result<Vec<Figure>> {
    let cluster = Cluster::start(Options::new(binary)).await?;
    let sink = Sink::start().await;
    let shop = cluster.tenant(TENANT, &sink).await?;
    let processes = cluster.apart.processes();
    let returns = processes
        .iter()
        .find(|process| process.part == Part::Returns)
        .context("returns")?;
    // Everything in one process, on the same databases.
    let mut settings = cluster.apart.settings();
    settings.retain(|(name, _)| !name.contains("UPSTREAMS") && !name.contains("NATS"));
    let one = Serving::start(binary, &settings)?;

    let key = format!("Bearer {}", shop.key);
    let direct = Road::open(&returns.address, None).await?;
    let apart = Road::open(cluster.apart.gateway(), Some(&key)).await?;
    let together = Road::open(&one.gateway, Some(&key)).await?;
    let identity = identity(&cluster)?;
    let (mut bare, mut far, mut near) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let rates = [
            direct.with(HEADER, &identity()?).rate().await?,
            apart.rate().await?,
            together.rate().await?,
        ];
        // The first round warms up.
        if round > 0 {
            let [direct, apart, together] = rates;
            bare.push(direct);
            far.push(apart);
            near.push(together);
        }
    }
    let floor = median(bare);
    let figure = |name: &str, rates, goal| Figure {
        name: format!("pass-through, {name}"),
        value: median(rates),
        unit: "calls/s",
        floor: Some(floor),
        goal,
    };
    Ok(vec![
        figure("one process", near, Goal::ShareOfFloor(0.8)),
        figure("process per service", far, Goal::ShareOfFloor(0.8)),
    ])
}

/// Makes tokens as the gateway does.
fn identity(cluster: &Cluster) -> anyhow::Result<impl Fn() -> anyhow::Result<String>> {
    let settings = cluster.apart.settings();
    let folder = settings
        .iter()
        .find(|(name, _)| name == "POSTLUDE_DATA_DIR")
        .map(|(_, folder)| Path::new(folder).join("identity.pem"))
        .context("the cluster's folder")?;
    let signer = Key::load_or_create(&folder)?.signer(Arc::new(SystemClock))?;
    let caller = Caller {
        tenant: TenantId::parse(TENANT)?,
        subject: "bench".to_owned(),
        scopes: vec!["returns.read".to_owned()],
    };
    Ok(move || Ok(signer.mint(&caller)?.to_str()?.to_owned()))
}

/// A way to the service.
#[derive(Clone)]
struct Road {
    channels: Vec<Channel>,
    header: Option<(&'static str, MetadataValue<tonic::metadata::Ascii>)>,
}

impl Road {
    async fn open(address: &str, key: Option<&str>) -> anyhow::Result<Self> {
        let mut channels = Vec::new();
        for _ in 0..CONNECTIONS {
            channels.push(process::connect(address).await?);
        }
        let road = Self {
            channels,
            header: None,
        };
        Ok(match key {
            Some(key) => road.with("authorization", key),
            None => road,
        })
    }

    fn with(&self, name: &'static str, value: &str) -> Self {
        let value = MetadataValue::try_from(value).ok();
        Self {
            channels: self.channels.clone(),
            header: value.map(|value| (name, value)),
        }
    }

    /// Calls a second, so many under way at the same time.
    async fn rate(&self) -> anyhow::Result<f64> {
        let began = Instant::now();
        let calls = (0..IN_FLIGHT).map(|number| {
            let channel = self.channels.get(number % CONNECTIONS).cloned();
            let header = self.header.clone();
            tokio::spawn(async move {
                let mut client = ReturnServiceClient::new(channel.context("a connection")?);
                let mut count: u64 = 0;
                while began.elapsed() < TIME {
                    let mut request = Request::new(GetReturnSettingsRequest::default());
                    if let Some((name, value)) = &header {
                        request.metadata_mut().insert(*name, value.clone());
                    }
                    client.get_return_settings(request).await?;
                    count += 1;
                }
                Ok::<u64, anyhow::Error>(count)
            })
        });
        let counts = try_join_all(calls).await?;
        let sum: u64 = counts.into_iter().sum::<anyhow::Result<u64>>()?;
        Ok(sum as f64 / began.elapsed().as_secs_f64())
    }
}
