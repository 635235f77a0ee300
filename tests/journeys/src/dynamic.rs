//! Calls any method of the contract by its descriptor, so that a new RPC is covered by tests that
//! nobody touched. Knows no message by name.

use http::uri::PathAndQuery;
use postlude_proto::Method;
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataValue,
    transport::Channel,
};

/// What a method answered: its message, or the first of its stream. `None` is an empty stream.
pub type Answer = Result<Option<DynamicMessage>, Status>;

/// Calls `method` with one message, whatever its kind; `key` is the credential, if any.
///
/// A client stream is sent the one message. Of a server stream the first message is read.
pub async fn call(
    channel: &Channel,
    path: &'static str,
    method: &Method,
    message: DynamicMessage,
    key: Option<&str>,
) -> Answer {
    let mut client = Grpc::new(channel.clone());
    client
        .ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let codec = DynamicCodec(method.descriptor.output());
    let path = PathAndQuery::from_static(path);
    let (from_client, from_server) = (
        method.descriptor.is_client_streaming(),
        method.descriptor.is_server_streaming(),
    );
    if from_client {
        let request = keyed(Request::new(tokio_stream::once(message)), key)?;
        return if from_server {
            let mut stream = client.streaming(request, path, codec).await?.into_inner();
            stream.message().await
        } else {
            client
                .client_streaming(request, path, codec)
                .await
                .map(|answer| Some(answer.into_inner()))
        };
    }
    let request = keyed(Request::new(message), key)?;
    if from_server {
        let mut stream = client
            .server_streaming(request, path, codec)
            .await?
            .into_inner();
        stream.message().await
    } else {
        client
            .unary(request, path, codec)
            .await
            .map(|answer| Some(answer.into_inner()))
    }
}

fn keyed<T>(mut request: Request<T>, key: Option<&str>) -> Result<Request<T>, Status> {
    request.set_timeout(std::time::Duration::from_secs(20));
    if let Some(key) = key {
        let value = MetadataValue::try_from(format!("Bearer {key}"))
            .map_err(|_| Status::invalid_argument("the key is no header value"))?;
        request.metadata_mut().insert("authorization", value);
    }
    Ok(request)
}

/// Encodes what it is given and decodes into the message that it holds.
struct DynamicCodec(MessageDescriptor);

struct DynamicEncoder;

struct DynamicDecoder(MessageDescriptor);

impl Codec for DynamicCodec {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = DynamicEncoder;
    type Decoder = DynamicDecoder;

    fn encoder(&mut self) -> Self::Encoder {
        DynamicEncoder
    }

    fn decoder(&mut self) -> Self::Decoder {
        DynamicDecoder(self.0.clone())
    }
}

impl Encoder for DynamicEncoder {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: DynamicMessage, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(into)
            .map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for DynamicDecoder {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        DynamicMessage::decode(self.0.clone(), from)
            .map(Some)
            .map_err(|error| Status::internal(error.to_string()))
    }
}
