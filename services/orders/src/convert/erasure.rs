//! Erasures.

use postlude_proto::orders::v1 as pb;

use super::parse::{Parse, time};
use crate::domain::{
    erasure::{Done, Erasure, Participant},
    refusal::Refusal,
};

/// The erasure as a caller sees it.
pub(crate) fn to_proto(erasure: &Erasure) -> pb::Erasure {
    let state = match erasure.complete_time {
        Some(_) => pb::erasure::State::Completed,
        None => pb::erasure::State::InProgress,
    };
    pb::Erasure {
        erasure_id: erasure.erasure_id.clone(),
        pseudonym: erasure.pseudonym.clone(),
        state: state.into(),
        participants: erasure.participants.iter().map(participant).collect(),
        request_time: Some(time(erasure.request_time)),
        complete_time: erasure.complete_time.map(time),
    }
}

fn participant(participant: &Participant) -> pb::ErasureParticipant {
    match &participant.done {
        Some(done) => done_to_proto(&participant.service, done),
        None => pb::ErasureParticipant {
            service: participant.service.clone(),
            ..pb::ErasureParticipant::default()
        },
    }
}

/// What a service did, as proto.
pub(crate) fn done_to_proto(service: &str, done: &Done) -> pb::ErasureParticipant {
    pb::ErasureParticipant {
        service: service.to_owned(),
        complete_time: Some(time(done.complete_time)),
        erased_count: done.erased_count,
        kept_count: done.kept_count,
        kept_because: done.kept_because.clone(),
    }
}

/// Reads what a service says that it did.
///
/// # Errors
/// [`Refusal::Invalid`] if it names no service or no time.
pub(crate) fn parse_done(value: Option<pb::ErasureParticipant>) -> Result<(String, Done), Refusal> {
    let mut parse = Parse::default();
    let done = parse.required("participant", value).and_then(|value| {
        let complete_time = parse.time("participant.complete_time", value.complete_time)?;
        Some((
            value.service,
            Done {
                complete_time,
                erased_count: value.erased_count,
                kept_count: value.kept_count,
                kept_because: value.kept_because,
            },
        ))
    });
    parse.finish(done)
}
