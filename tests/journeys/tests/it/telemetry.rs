//! What operators see of one order's story, by a real collector and a real Prometheus.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use postlude::Part;
use postlude_journeys::{
    Collector, Prometheus, World,
    collector::{Span, Spans},
    prometheus,
    story::{STEPS, Step, Story},
    wait, world,
};
use postlude_proto::orders::v1::RecordOrderRequest;
use tonic::Request;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

fn settings(more: &[(&str, &str)]) -> Vec<(String, String)> {
    more.iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// The order is recorded under a trace that the shop's own program has begun, the rest without one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_runs_from_the_shop_through_the_bus_to_the_plugin() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let collector = Collector::start(folder.path()).await?;
    let world = World::start_apart(settings(&[
        ("POSTLUDE_TELEMETRY__OTLP_ENDPOINT", &collector.endpoint),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
    ]))
    .await?;
    let shop = world.tenant("shop").await?;
    world.install_standard_returns(&shop).await?;
    let mut story = Story::new("A-1", world::days_ago(6));
    let mut request = Request::new(RecordOrderRequest {
        order: Some(story.order()),
        request_id: "A-1-first".to_owned(),
        ..RecordOrderRequest::default()
    });
    let traceparent = format!("00-{TRACE}-{CALLER}-01");
    request
        .metadata_mut()
        .insert("traceparent", traceparent.parse()?);
    shop.orders.clone().record_order(request).await?;
    for step in STEPS.into_iter().filter(|step| *step != Step::Order) {
        story.step(&shop, step).await?;
    }
    story.finish(&shop).await?;
    // What waits is sent on the way out.
    ensure!(world.stop().await?, "nothing had to be cut off");

    let spans = wait::until("the plugin's span", async || {
        let spans = collector.spans()?;
        let there = plugin_in(&spans, TRACE).is_some();
        Ok::<_, anyhow::Error>(there.then_some(spans))
    })
    .await?;
    println!("{}", spans.tree(TRACE));
    let plugin = plugin_in(&spans, TRACE).context("the plugin's span")?;
    let way = spans.upwards(plugin);
    let told: Vec<(&str, &str, &str)> = way
        .iter()
        .map(|span| (&*span.process, &*span.kind, &*span.name))
        .collect();
    let method = "postlude.orders.v1.OrderService/RecordOrder";
    let event = "postlude.orders.order-recorded.v1";
    assert_eq!(
        told,
        [
            ("postlude-returns", "INTERNAL", "return-policy terms"),
            ("postlude-returns", "CONSUMER", &*format!("process {event}")),
            ("postlude-orders", "PRODUCER", &*format!("send {event}")),
            ("postlude-orders", "SERVER", method),
            ("postlude-gateway", "CLIENT", method),
            ("postlude-gateway", "SERVER", method),
        ]
    );
    assert!(way.iter().all(|span| span.trace == TRACE));
    assert_eq!(way.last().map(|span| &*span.parent), Some(CALLER));
    // Nobody begins before the one that it was begun for.
    assert!(way.windows(2).all(|pair| pair[0].start >= pair[1].start));
    for (name, value) in [
        ("postlude.plugin.hook", "return-policy"),
        ("postlude.plugin.function", "terms"),
        ("postlude.plugin.id", "standard-returns"),
    ] {
        assert_eq!(plugin.attributes.get(name).map(String::as_str), Some(value));
    }
    assert!(plugin.attributes.contains_key("postlude.plugin.fuel"));

    whole(&spans)?;
    without_customers(&collector.text()?, &story);
    let metrics = collector.text()?;
    for metric in ["rpc.server.call.duration", "postlude.outbox.age"] {
        assert!(metrics.contains(metric), "{metric} was sent as well");
    }
    Ok(())
}

fn plugin_in<'a>(spans: &'a Spans, trace: &str) -> Option<&'a Span> {
    spans
        .iter()
        .find(|span| span.trace == trace && span.name == "return-policy terms")
}

/// Every parent is there, and nothing but a shop's call or a timer begins a trace.
fn whole(spans: &Spans) -> anyhow::Result<()> {
    let ids: BTreeSet<&str> = spans.iter().map(|span| &*span.id).collect();
    for span in spans.iter() {
        let root = span.parent.is_empty();
        ensure!(
            root || span.parent == CALLER || ids.contains(&*span.parent),
            "{span:?} has lost its parent"
        );
        let begins = span.process == "postlude-gateway" || span.name.starts_with("timer ");
        ensure!(!root || begins, "nobody asked for {span:?}");
        ensure!(span.end >= span.start, "{span:?}");
    }
    let approved = spans
        .iter()
        .find(|span| span.name == "return-policy decide")
        .context("a decision of the plugin")?;
    println!("{}", spans.tree(&approved.trace));
    let consumed = spans.iter().filter(|span| span.kind == "CONSUMER").count();
    ensure!(consumed > 10, "{consumed} events were consumed");
    Ok(())
}

/// Ids of events and runs are there; who it was about isn't.
fn without_customers(text: &str, story: &Story) {
    for personal in [&story.mark, &story.customer_id] {
        assert!(!text.contains(personal), "{personal} has leaked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_sees_every_process() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut world = World::start_apart(Vec::new()).await?;
    let operations = world
        .apart()
        .context("processes of their own")?
        .operations();
    let targets: Vec<String> = operations
        .iter()
        .map(|(_, address)| address.clone())
        .collect();
    let prometheus = Prometheus::start(folder.path(), &targets).await?;
    let shop = world.tenant("shop-of-prometheus").await?;
    world.install_standard_returns(&shop).await?;
    let mut story = Story::new("A-1", world::days_ago(6));
    story.tell(&shop).await?;

    for expression in [
        "count(up == 1) == 4".to_owned(),
        calls("gateway", "postlude.returns.v1.ReturnService/CreateReturn"),
        calls("returns", "postlude.returns.v1.ReturnService/CreateReturn"),
        calls("orders", "postlude.orders.v1.OrderService/RecordShipment"),
        "count(postlude_outbox_age_seconds) == 4".to_owned(),
        "sum(postlude_outbox_size) == 0".to_owned(),
        "sum(postlude_consumer_lag{postlude_service=\"returns\"}) == 0".to_owned(),
        "sum(messaging_process_duration_seconds_count{messaging_system=\"nats\"}) > 10".to_owned(),
        "sum(messaging_client_sent_messages_total{postlude_service=\"orders\"}) > 5".to_owned(),
        "sum(postlude_plugin_call_fuel_count{postlude_plugin_function=\"decide\"}) >= 1".to_owned(),
        "sum(postlude_timer_duration_seconds_count) >= 1".to_owned(),
        "min(postlude_dependency_up) == 1".to_owned(),
        "sum(db_client_connection_wait_time_seconds_count) > 20".to_owned(),
        "count(db_client_connection_max) == 8".to_owned(),
        "count(rpc_client_call_duration_seconds_count{postlude_upstream=\"returns\"}) > 0"
            .to_owned(),
        // A quantile as a dashboard asks for it.
        "histogram_quantile(0.99, sum by (le) (rpc_server_call_duration_seconds_bucket)) > 0"
            .to_owned(),
    ] {
        prometheus.sees(&expression).await?;
    }

    for (part, address) in &operations {
        let text = get(address, "/metrics").await?;
        let found = prometheus::check(&text).await?;
        // OpenTelemetry's own name for it, which Prometheus' checker doesn't like.
        let named = "db_client_connection_count non-histogram and non-summary metrics should not have \"_count\" suffix";
        let others: Vec<_> = found.iter().filter(|line| *line != named).collect();
        ensure!(others.is_empty(), "{part:?}: {others:?}");
        ensure!(!text.contains("shop-of-prometheus"), "a tenant in {part:?}");
        without_customers(&text, &story);
        let ready = get(address, "/readyz").await?;
        ensure!(
            ready.contains(&format!("{} database ok", part.name())),
            "{ready}"
        );
    }
    changes_what_is_logged(&operations).await?;
    ensure!(world.stop().await?, "nothing had to be cut off");
    Ok(())
}

fn calls(service: &str, method: &str) -> String {
    format!(
        "rpc_server_call_duration_seconds_count{{postlude_service=\"{service}\",\
         rpc_method=\"{method}\",rpc_response_status_code=\"OK\"}} >= 1"
    )
}

async fn get(address: &str, path: &str) -> anyhow::Result<String> {
    let response = reqwest::get(format!("http://{address}{path}")).await?;
    Ok(response.error_for_status()?.text().await?)
}

async fn changes_what_is_logged(operations: &[(Part, String)]) -> anyhow::Result<()> {
    let (_, address) = operations.first().context("a process")?;
    assert_eq!(get(address, "/loglevel").await?.trim(), "warn");
    let asked = reqwest::Client::new()
        .put(format!("http://{address}/loglevel"))
        .body("error,postlude_store=debug");
    asked.send().await?.error_for_status()?;
    let now = get(address, "/loglevel").await?;
    assert_eq!(now.trim(), "error,postlude_store=debug");
    Ok(())
}
