//! Every method with bytes that no client would send.

use std::collections::BTreeMap;

use postlude_chassis::telemetry::metrics::code_name;
use postlude_journeys::{fill::Known, story::Story, world};
use postlude_proto::Method;
use prost_reflect::prost::Message as _;
use rand::{RngExt as _, rngs::StdRng};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
};

use super::{Outcome, Scene, Trial};

/// Mutated requests of each method and kind, for each second that the trial may last.
const EACH: u64 = 4;
/// How deep messages are nested.
const DEEP: usize = 2_000;
/// Larger than the gateway takes.
const OVERSIZED: usize = 5 * 1024 * 1024;

pub(super) async fn run(trial: &Trial) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let scene = Scene::open(trial.options()).await?;
    let mark = "mark-of-order-of-the-owner";
    let mut story = Story::new("order-of-the-owner", world::days_ago(6));
    story.tell(&scene.shop).await?;
    let mut known = Known::default();
    known.set("order_id", story.order_id.clone());
    known.set("customer_id", story.customer_id.clone());
    if let Some(opened) = &story.opened {
        known.learn(opened);
    }
    let stranger = scene
        .cluster
        .tenant_of("stranger", &postlude_journeys::keys::all_but_platform())
        .await?;
    let mut random = trial.random();
    let mut codes = BTreeMap::<&'static str, u64>::new();
    let rounds = (trial.time.as_secs() * EACH / 20).max(1);
    for (path, method) in postlude_proto::methods() {
        let path: &'static str = path;
        let valid = known.fill(&method.descriptor.input()).encode_to_vec();
        for _ in 0..rounds {
            for mutation in Mutation::ALL {
                let bytes = mutation.apply(&valid, &mut random);
                let answer = send(&scene, path, method, bytes, &stranger.key).await;
                outcome.faults += 1;
                let code = match &answer {
                    Ok(bytes) => {
                        let told = bytes
                            .windows(mark.len())
                            .any(|window| window == mark.as_bytes());
                        outcome.must(!told, format!("{path} told a stranger ({mutation:?})"));
                        Code::Ok
                    }
                    Err(status) => status.code(),
                };
                *codes.entry(code_name(code)).or_default() += 1;
                let bad = matches!(code, Code::Internal | Code::Unknown | Code::DataLoss);
                outcome.must(!bad, format!("{path}, {mutation:?}: {answer:?}"));
            }
        }
    }
    let told: Vec<_> = codes
        .iter()
        .map(|(code, count)| format!("{count} × {code}"))
        .collect();
    outcome.figures.push(told.join(", "));
    outcome.broken.truncate(20);
    scene.close(&mut outcome).await?;
    Ok(outcome)
}

/// What is done to a request that was good.
#[derive(Debug, Clone, Copy)]
enum Mutation {
    FlipBits,
    CutOff,
    Noise,
    BadText,
    Nested,
    WrongLength,
    Twice,
    Oversized,
}

impl Mutation {
    const ALL: [Self; 8] = [
        Self::FlipBits,
        Self::CutOff,
        Self::Noise,
        Self::BadText,
        Self::Nested,
        Self::WrongLength,
        Self::Twice,
        Self::Oversized,
    ];

    fn apply(self, valid: &[u8], random: &mut StdRng) -> Vec<u8> {
        let mut bytes = valid.to_vec();
        match self {
            Self::FlipBits => {
                for _ in 0..random.random_range(1..8) {
                    let length = bytes.len();
                    if let Some(byte) = bytes.get_mut(random.random_range(0..length.max(1))) {
                        *byte ^= 1 << random.random_range(0..8_u8);
                    }
                }
            }
            Self::CutOff => bytes.truncate(random.random_range(0..bytes.len().max(1))),
            Self::Noise => {
                bytes = (0..random.random_range(1..400))
                    .map(|_| random.random())
                    .collect();
            }
            // Field 1 as text that is none.
            Self::BadText => bytes.extend([0x0a, 4, 0xff, 0xfe, 0xc0, 0x80]),
            // Field 1 in field 1 in field 1 …
            Self::Nested => {
                let mut nested = Vec::new();
                for _ in 0..DEEP {
                    let mut outer = vec![0x0a];
                    length(&mut outer, nested.len());
                    outer.extend(&nested);
                    nested = outer;
                }
                bytes = nested;
            }
            Self::WrongLength => bytes.extend([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07]),
            Self::Twice => bytes.extend_from_slice(valid),
            Self::Oversized => {
                bytes.push(0x0a);
                length(&mut bytes, OVERSIZED);
                bytes.resize(bytes.len() + OVERSIZED, b'a');
            }
        }
        bytes
    }
}

/// A length as the wire has it.
fn length(into: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        into.push(u8::try_from(length % 0x80).unwrap_or_default() | 0x80);
        length /= 0x80;
    }
    into.push(u8::try_from(length).unwrap_or_default());
}

async fn send(
    scene: &Scene,
    path: &'static str,
    method: &Method,
    bytes: Vec<u8>,
    key: &str,
) -> Result<Vec<u8>, Status> {
    let mut client = Grpc::new(scene.cluster.channel.clone());
    client
        .ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let mut request = Request::new(futures_util::stream::iter([bytes]));
    request.set_timeout(std::time::Duration::from_secs(10));
    let value = format!("Bearer {key}")
        .parse()
        .map_err(|_| Status::invalid_argument("the key is no header value"))?;
    request.metadata_mut().insert("authorization", value);
    let path = PathAndQuery::from_static(path);
    let descriptor = &method.descriptor;
    if descriptor.is_server_streaming() {
        let mut stream = client.streaming(request, path, Raw).await?.into_inner();
        return Ok(stream.message().await?.unwrap_or_default());
    }
    let answer = client.client_streaming(request, path, Raw).await?;
    Ok(answer.into_inner())
}

/// Bytes as they are.
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        prost_reflect::prost::bytes::BufMut::put_slice(into, &item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        use prost_reflect::prost::bytes::Buf as _;
        let mut bytes = vec![0; from.remaining()];
        from.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}
