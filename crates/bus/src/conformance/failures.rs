//! What can't be done now, and what can never be done.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{
    Failure, Rig, ensure, eventually,
    probe::{Answer, Consuming, Probe, events, spec},
};
use crate::{Bus, DeadLetter, DeadLetterFilter, Outcome};

/// Longer than the wait of the test's consumers.
const LATER: Duration = Duration::from_millis(300);

fn later() -> Answer {
    Answer::Outcome(Outcome::RetryLater {
        after: None,
        reason: "not yet".to_owned(),
    })
}

/// Lets time pass until the probe was given so many deliveries.
async fn until(rig: &impl Rig, probe: &Probe, count: usize) -> Result<(), Failure> {
    let passing = async {
        while probe.count() < count {
            rig.advance(LATER);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), passing)
        .await
        .map_err(|_| Failure(format!("never {count} deliveries: {:?}", probe.attempts())))
}

/// Waits for a number of dead letters and answers with them.
async fn dead(bus: &Arc<dyn Bus>, count: usize) -> Result<Vec<DeadLetter>, Failure> {
    let waiting = async {
        loop {
            let letters = bus.dead_letters(DeadLetterFilter::default()).await?;
            if letters.len() >= count {
                return Ok::<_, Failure>(letters);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let letters = tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .map_err(|_| Failure(format!("never {count} dead letters")))??;
    ensure(letters.len() == count, format!("{count}: {letters:?}"))?;
    Ok(letters)
}

/// An event that a consumer wants later comes later, and counts.
pub async fn tries_again_later(rig: &impl Rig) -> Result<(), Failure> {
    let probe = Probe::new(|delivery| {
        if delivery.attempt < 3 {
            later()
        } else {
            Answer::Outcome(Outcome::Done)
        }
    });
    let consuming = Consuming::start(rig.bus(), spec("points"), Arc::clone(&probe));
    rig.bus().publish(events(1, 1)?).await?;
    until(rig, &probe, 3).await?;
    let attempts = probe.attempts().remove("evt_1").unwrap_or_default();
    ensure(attempts == [1, 2, 3], format!("{attempts:?}"))?;
    consuming.stop().await?;
    ensure(
        rig.bus()
            .dead_letters(DeadLetterFilter::default())
            .await?
            .is_empty(),
        "it is done in the end",
    )
}

/// The others go on while one waits to be tried again.
pub async fn is_not_held_up_by_one_that_fails(rig: &impl Rig) -> Result<(), Failure> {
    let probe = Probe::new(|delivery| {
        if delivery.envelope.id == "evt_1" {
            later()
        } else {
            Answer::Outcome(Outcome::Done)
        }
    });
    let consuming = Consuming::start(rig.bus(), spec("points"), Arc::clone(&probe));
    rig.bus().publish(events(1, 100)?).await?;
    eventually("all 100", || probe.distinct() == 100).await?;
    rig.bus().publish(events(101, 110)?).await?;
    eventually("and ten more", || probe.distinct() == 110).await?;
    consuming.stop().await
}

/// A handler that panics has failed this delivery, and goes on with the next.
pub async fn takes_a_panic_for_a_failure(rig: &impl Rig) -> Result<(), Failure> {
    let probe = Probe::new(|delivery| {
        if delivery.attempt == 1 {
            Answer::Panic
        } else {
            Answer::Outcome(Outcome::Done)
        }
    });
    let consuming = Consuming::start(rig.bus(), spec("points"), Arc::clone(&probe));
    rig.bus().publish(events(1, 2)?).await?;
    until(rig, &probe, 4).await?;
    ensure(probe.distinct() == 2, "both come again")?;
    consuming.stop().await
}

/// A rejected event goes to the dead letters at once, with the reason.
pub async fn gives_a_rejected_event_to_the_dead_letters(rig: &impl Rig) -> Result<(), Failure> {
    let bus = rig.bus();
    let probe = Probe::new(|delivery| {
        Answer::Outcome(if delivery.envelope.id == "evt_2" {
            Outcome::Reject {
                reason: "no such order".to_owned(),
            }
        } else {
            Outcome::Done
        })
    });
    let consuming = Consuming::start(Arc::clone(&bus), spec("points"), Arc::clone(&probe));
    let events = events(1, 3)?;
    bus.publish(events.clone()).await?;
    let letters = dead(&bus, 1).await?;
    let letter = letters
        .first()
        .ok_or_else(|| Failure("no letter".to_owned()))?;
    ensure(
        letter.consumer == "points" && letter.attempts == 1 && letter.reason == "no such order",
        format!("{letter:?}"),
    )?;
    ensure(
        events.get(1) == Some(&letter.envelope),
        "the letter holds the whole event",
    )?;
    ensure(
        bus.dead_letter(&letter.id).await? == *letter,
        "it is shown as it is listed",
    )?;
    ensure(
        bus.dead_letter("dlq_none").await.is_err(),
        "there is no other",
    )?;
    let others = DeadLetterFilter {
        consumer: Some("mails".to_owned()),
        ..Default::default()
    };
    ensure(
        bus.dead_letters(others).await?.is_empty(),
        "another consumer has none",
    )?;
    consuming.stop().await
}

/// After its last delivery an event goes to the dead letters, with the last reason.
pub async fn gives_an_exhausted_event_to_the_dead_letters(rig: &impl Rig) -> Result<(), Failure> {
    let bus = rig.bus();
    let probe = Probe::new(|_| later());
    let consuming = Consuming::start(Arc::clone(&bus), spec("points"), Arc::clone(&probe));
    bus.publish(events(1, 1)?).await?;
    until(rig, &probe, 3).await?;
    let letters = dead(&bus, 1).await?;
    let letter = letters
        .first()
        .ok_or_else(|| Failure("no letter".to_owned()))?;
    ensure(
        letter.attempts == 3 && letter.reason == "not yet",
        format!("{letter:?}"),
    )?;
    ensure(probe.count() == 3, "it comes no fourth time")?;
    consuming.stop().await
}

/// A dead letter that is replayed goes to the consumer that gave it up, as if for the first time.
pub async fn replays_a_dead_letter(rig: &impl Rig) -> Result<(), Failure> {
    let bus = rig.bus();
    let repaired = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&repaired);
    let probe = Probe::new(move |_| {
        Answer::Outcome(if flag.load(Ordering::SeqCst) {
            Outcome::Done
        } else {
            Outcome::Reject {
                reason: "a bug".to_owned(),
            }
        })
    });
    let bystander = Probe::done();
    let consuming = Consuming::start(Arc::clone(&bus), spec("points"), Arc::clone(&probe));
    let other = Consuming::start(Arc::clone(&bus), spec("mails"), Arc::clone(&bystander));
    bus.publish(events(1, 2)?).await?;
    let letters = dead(&bus, 2).await?;
    repaired.store(true, Ordering::SeqCst);
    for letter in &letters {
        bus.replay(&letter.id).await?;
    }
    eventually("both come again", || probe.count() == 4).await?;
    for (event, attempts) in probe.attempts() {
        ensure(attempts == [1, 1], format!("{event}: {attempts:?}"))?;
    }
    dead(&bus, 0).await?;
    for letter in &letters {
        ensure(
            bus.replay(&letter.id).await.is_err(),
            "a letter is replayed once",
        )?;
    }
    consuming.stop().await?;
    other.stop().await?;
    ensure(bystander.count() == 2, "nobody else hears it again")
}
