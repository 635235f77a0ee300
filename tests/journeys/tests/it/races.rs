//! Many at once: the last unit, the same request, the same scans in any order.

use std::collections::BTreeSet;

use anyhow::ensure;
use futures_util::future::join_all;
use postlude_journeys::{
    World, on_every_setup,
    shop::Shop,
    story::{Step, Story, later},
};
use postlude_proto::{
    orders::v1::{
        RecordOrderRequest, RecordTrackingEventRequest, Shipment, TrackingEvent, TrackingStatus,
    },
    returns::v1::{CreateReturnRequest, ListReturnsRequest, RequestedLine, Return, ReturnReason},
};
use postlude_testkit::shuffle_and_repeat;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// Clients that ask for the last unit.
const CLIENTS: usize = 16;

/// Times that one request is made at once.
const REPEATS: usize = 100;

on_every_setup! {
    async fn only_one_of_sixteen_gets_the_last_unit(world: World) -> anyhow::Result<()> {
        let (shop, story) = delivered(&world).await?;
        // Line 2 is a single unit. Each client has a connection of its own.
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(Shop::new(&world.connect().await?, &shop.key)?);
        }
        let answers = join_all(clients.iter().enumerate().map(|(number, client)| {
            let request = ask_for("2", &story, format!("client-{number}"));
            let mut returns = client.returns.clone();
            async move { returns.create_return(request).await }
        }))
        .await;

        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        let reasons: Vec<_> = refused.into_iter().filter_map(Result::err).map(told).collect();
        ensure!(made.len() == 1, "{} succeeded, the others: {reasons:?}", made.len());
        let exceeded = (Code::FailedPrecondition, "RETURN_QUANTITY_EXCEEDED".to_owned());
        ensure!(reasons.iter().all(|reason| *reason == exceeded), "{reasons:?}");
        ensure!(reasons.len() == CLIENTS - 1, "{reasons:?}");
        ensure!(returns_of(&shop, &story).await?.len() == 1, "one return is there");
        Ok(())
    }

    async fn one_request_a_hundred_times_has_one_effect(world: World) -> anyhow::Result<()> {
        let (shop, story) = delivered(&world).await?;
        let answers = join_all((0..REPEATS).map(|_| {
            let request = ask_for("1", &story, "the-same".to_owned());
            let mut returns = shop.returns.clone();
            async move { returns.create_return(request).await.map(tonic::Response::into_inner) }
        }))
        .await;
        let answers: Vec<Return> = answers.into_iter().collect::<Result<_, Status>>()?;
        ensure!(answers.len() == REPEATS, "every call was answered");
        ensure!(answers.windows(2).all(|pair| pair.first() == pair.last()), "the same answer");
        ensure!(returns_of(&shop, &story).await?.len() == 1, "one return is there");

        let mut changed = ask_for("1", &story, "the-same".to_owned());
        changed.lines.iter_mut().for_each(|line| line.comment = "another body".to_owned());
        let refused = shop.returns.clone().create_return(changed).await;
        names_request_id(refused.map(drop))
    }

    async fn one_order_a_hundred_times_is_recorded_once(world: World) -> anyhow::Result<()> {
        let shop = world.tenant("shop").await?;
        let story = Story::new("order", world.days_ago(6));
        let request = RecordOrderRequest {
            order: Some(story.order()),
            request_id: "the-same".to_owned(),
            ..RecordOrderRequest::default()
        };
        let answers = join_all((0..REPEATS).map(|_| {
            let (request, mut orders) = (request.clone(), shop.orders.clone());
            async move { orders.record_order(request).await.map(tonic::Response::into_inner) }
        }))
        .await;
        let answers = answers.into_iter().collect::<Result<Vec<_>, Status>>()?;
        ensure!(answers.windows(2).all(|pair| pair.first() == pair.last()), "the same answer");
        ensure!(answers.iter().all(|order| order.revision == 1), "one effect");

        let mut changed = request;
        if let Some(order) = &mut changed.order {
            order.destination_country = "FR".to_owned();
        }
        names_request_id(shop.orders.clone().record_order(changed).await.map(drop))
    }

    async fn scans_in_any_order_and_number_end_the_same(world: World) -> anyhow::Result<()> {
        let shop = world.tenant("shop").await?;
        let (mut ends, placed) = (Vec::new(), world.days_ago(6));
        for seed in 0..8 {
            let mut story = Story::new(&format!("order-{seed}"), placed);
            for step in [Step::Order, Step::Payment, Step::Ship] {
                story.step(&shop, step).await?;
            }
            let scans = scans(&story);
            let told = if seed == 0 { scans } else { shuffle_and_repeat(scans, seed) };
            let mut end = Shipment::default();
            for event in told {
                let request = RecordTrackingEventRequest {
                    order_id: story.order_id.clone(),
                    shipment_id: "s1".to_owned(),
                    event: Some(event),
                };
                end = shop.orders.clone().record_tracking_event(request).await?.into_inner();
            }
            // What differs between the orders by intent.
            end.tracking_number.clear();
            ends.push(end);
        }
        let first = ends.first().cloned().unwrap_or_default();
        ensure!(first.status() == TrackingStatus::Delivered, "{first:?}");
        ensure!(first.events.len() == 7, "each scan is kept once: {:?}", first.events);
        for (seed, end) in ends.iter().enumerate() {
            ensure!(*end == first, "shuffled by {seed}: {end:?}\nin order: {first:?}");
        }
        Ok(())
    }
}

/// A shop whose order has arrived, with a policy that knows of it.
async fn delivered(world: &World) -> anyhow::Result<(Shop, Story)> {
    let shop = world.tenant("shop").await?;
    world.install_standard_returns(&shop).await?;
    let story = Story::new("order", world.days_ago(6));
    story.deliver_all(&shop).await?;
    story.delivery_is_known(&shop, "2").await?;
    Ok((shop, story))
}

fn ask_for(line_id: &str, story: &Story, request_id: String) -> CreateReturnRequest {
    CreateReturnRequest {
        order_id: story.order_id.clone(),
        lines: vec![RequestedLine {
            line_id: line_id.to_owned(),
            quantity: 1,
            reason: ReturnReason::WrongSize.into(),
            ..RequestedLine::default()
        }],
        request_id,
        ..CreateReturnRequest::default()
    }
}

async fn returns_of(shop: &Shop, story: &Story) -> Result<Vec<Return>, Status> {
    let request = ListReturnsRequest {
        order_id: story.order_id.clone(),
        ..ListReturnsRequest::default()
    };
    Ok(shop
        .returns
        .clone()
        .list_returns(request)
        .await?
        .into_inner()
        .returns)
}

/// Seven scans: out of rank after the delivery, and one that names no status of ours.
fn scans(story: &Story) -> Vec<TrackingEvent> {
    [
        (TrackingStatus::InfoReceived, 1),
        (TrackingStatus::InTransit, 2),
        (TrackingStatus::OutForDelivery, 3),
        (TrackingStatus::AttemptFailed, 3),
        (TrackingStatus::OutForDelivery, 4),
        (TrackingStatus::Delivered, 4),
        (TrackingStatus::InTransit, 5),
    ]
    .into_iter()
    .enumerate()
    .map(|(number, (status, days))| TrackingEvent {
        event_id: format!("scan-{number}"),
        status: status.into(),
        occurred_time: Some(later(story.placed, days)),
        ..TrackingEvent::default()
    })
    .collect()
}

fn told(status: Status) -> (Code, String) {
    let reason = status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default();
    (status.code(), reason)
}

fn names_request_id(answer: Result<(), Status>) -> anyhow::Result<()> {
    let Err(status) = answer else {
        anyhow::bail!("a changed body under the same request_id was taken");
    };
    let fields: BTreeSet<String> = status
        .get_details_bad_request()
        .map(|bad| {
            bad.field_violations
                .into_iter()
                .map(|field| field.field)
                .collect()
        })
        .unwrap_or_default();
    ensure!(status.code() == Code::InvalidArgument, "{status:?}");
    ensure!(fields.contains("request_id"), "{status:?}");
    Ok(())
}
