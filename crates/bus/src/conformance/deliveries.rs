//! At least once, to each durable consumer.

use std::{collections::HashMap, sync::Arc};

use super::{
    Failure, Rig, ensure, eventually,
    probe::{Answer, Consuming, Probe, event, events, spec},
};

/// Two durable consumers hear all that meets their filter, whole, and nothing else.
pub async fn reaches_each_durable_consumer(rig: &impl Rig) -> Result<(), Failure> {
    let bus = rig.bus();
    let (points, mails) = (Probe::done(), Probe::done());
    let first = Consuming::start(Arc::clone(&bus), spec("points"), Arc::clone(&points));
    let second = Consuming::start(Arc::clone(&bus), spec("mails"), Arc::clone(&mails));
    let mut other = event("other", "order-1", 1)?;
    other.name = "order-delivered".to_owned();
    bus.publish(vec![other]).await?;
    for n in 0..10 {
        bus.publish(events(n * 20 + 1, n * 20 + 20)?).await?;
    }
    for probe in [&points, &mails] {
        eventually("200 events", || probe.distinct() >= 200).await?;
        ensure(
            !probe.attempts().contains_key("other"),
            "what the filter leaves out stays out",
        )?;
        let expected = event("evt_7", "order-7", 1)?;
        ensure(
            probe.envelopes().contains(&expected),
            "an event arrives as it was sent",
        )?;
    }
    first.stop().await?;
    second.stop().await
}

/// A consumer that starts later hears what was published before.
pub async fn tells_what_was_published_before(rig: &impl Rig) -> Result<(), Failure> {
    rig.bus().publish(events(1, 50)?).await?;
    let probe = Probe::done();
    let consuming = Consuming::start(rig.bus(), spec("points"), Arc::clone(&probe));
    eventually("50 events", || probe.distinct() == 50).await?;
    consuming.stop().await
}

/// Published twice and in any order, an aggregate's events end in the same state for a consumer that
/// ignores older revisions.
pub async fn bears_duplicates_in_any_order(rig: &impl Rig) -> Result<(), Failure> {
    let bus = rig.bus();
    let probe = Probe::done();
    let consuming = Consuming::start(Arc::clone(&bus), spec("points"), Arc::clone(&probe));
    let mut batch = Vec::new();
    for revision in [3, 1, 5, 2, 4, 5, 1] {
        for order in ["order-1", "order-2"] {
            batch.push(event(&format!("{order}-{revision}"), order, revision)?);
        }
    }
    for part in batch.chunks(3) {
        bus.publish(part.to_vec()).await?;
    }
    bus.publish(batch).await?;
    eventually("10 events", || probe.distinct() == 10).await?;
    let mut states: HashMap<String, i64> = HashMap::new();
    for envelope in probe.envelopes() {
        let state = states.entry(envelope.subject).or_default();
        *state = (*state).max(envelope.revision);
    }
    ensure(
        states.len() == 2 && states.values().all(|revision| *revision == 5),
        format!("both orders end at revision 5: {states:?}"),
    )?;
    consuming.stop().await
}

/// A durable consumer that was stopped goes on where it stopped, and loses nothing.
pub async fn goes_on_where_it_stopped(rig: &impl Rig) -> Result<(), Failure> {
    let bus = rig.bus();
    bus.publish(events(1, 100)?).await?;
    let before = Probe::done();
    let consuming = Consuming::start(Arc::clone(&bus), spec("points"), Arc::clone(&before));
    eventually("some events", || before.distinct() >= 10).await?;
    consuming.stop().await?;
    bus.publish(events(101, 150)?).await?;
    let after = Probe::done();
    let consuming = Consuming::start(rig.restart().await, spec("points"), Arc::clone(&after));
    eventually("all events between both", || {
        let mut seen = before.attempts();
        seen.extend(after.attempts());
        seen.len() == 150
    })
    .await?;
    consuming.stop().await
}

/// Killed before it has answered, a consumer is given the event again.
pub async fn delivers_again_after_a_crash(rig: &impl Rig) -> Result<(), Failure> {
    rig.bus().publish(events(1, 5)?).await?;
    let hangs = Probe::new(|delivery| {
        if delivery.envelope.id == "evt_3" {
            Answer::Hang
        } else {
            Answer::Outcome(crate::Outcome::Done)
        }
    });
    let consuming = Consuming::start(rig.bus(), spec("points"), Arc::clone(&hangs));
    eventually("it hangs", || hangs.attempts().contains_key("evt_3")).await?;
    consuming.kill().await;
    let probe = Probe::done();
    let consuming = Consuming::start(rig.restart().await, spec("points"), Arc::clone(&probe));
    eventually("the event comes again", || {
        probe.attempts().contains_key("evt_3")
    })
    .await?;
    consuming.stop().await
}

/// No more events than the limit are in a consumer's hands.
pub async fn keeps_to_the_limit_in_flight(rig: &impl Rig) -> Result<(), Failure> {
    rig.bus().publish(events(1, 60)?).await?;
    let probe = Probe::done();
    let mut limited = spec("points");
    limited.max_in_flight = 4;
    let consuming = Consuming::start(rig.bus(), limited, Arc::clone(&probe));
    eventually("60 events", || probe.distinct() == 60).await?;
    let most = probe.most_at_once();
    ensure(most <= 4, format!("at most 4 at once: {most}"))?;
    consuming.stop().await
}

/// It has caught up when the last handler has answered, and not before.
pub async fn knows_when_it_has_caught_up(rig: &impl Rig) -> Result<(), Failure> {
    let bus = rig.bus();
    let probe = Probe::new(|_| Answer::WhenOpened);
    let consuming = Consuming::start(Arc::clone(&bus), spec("points"), Arc::clone(&probe));
    bus.publish(events(1, 3)?).await?;
    eventually("they are in its hands", || probe.count() == 3).await?;
    ensure(!bus.is_caught_up().await?, "it isn't done with them")?;
    probe.open();
    let caught_up = async {
        while !bus.is_caught_up().await? {
            tokio::task::yield_now().await;
        }
        Ok::<(), Failure>(())
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), caught_up)
        .await
        .map_err(|_| Failure("it never catches up".to_owned()))??;
    ensure(probe.finished() == 3, "caught up means done")?;
    consuming.stop().await
}

/// Stopped, a consumer begins nothing more and waits for what runs.
pub async fn waits_for_what_runs_when_it_stops(rig: &impl Rig) -> Result<(), Failure> {
    rig.bus().publish(events(1, 30)?).await?;
    let probe = Probe::new(|_| Answer::WhenOpened);
    let mut limited = spec("points");
    limited.max_in_flight = 2;
    let consuming = Consuming::start(rig.bus(), limited.clone(), Arc::clone(&probe));
    eventually("two are in its hands", || probe.count() == 2).await?;
    consuming.ask_to_stop();
    ensure(!consuming.has_ended(), "it waits for them")?;
    probe.open();
    consuming.stop().await?;
    ensure(
        probe.finished() == 2,
        "it finished the two and began no other",
    )?;
    let rest = Probe::done();
    let consuming = Consuming::start(rig.bus(), limited, Arc::clone(&rest));
    eventually("the rest", || rest.distinct() >= 28).await?;
    consuming.stop().await
}
