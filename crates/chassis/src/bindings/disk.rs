//! The last snapshot on disk: one file, written beside and renamed, so that it is whole or not
//! there.
//!
//! The form is protobuf: the registry's answer, then each component as digest and bytes. What is
//! read is trusted no more than what the registry sends: the host checks every digest.

use std::{collections::BTreeMap, io, path::Path};

use bytes::{Buf as _, Bytes};
use postlude_proto::plugins::v1::GetBindingsResponse;
use prost::Message as _;

/// Writes a snapshot.
pub(super) async fn save(
    file: &Path,
    answer: &GetBindingsResponse,
    components: &BTreeMap<String, Bytes>,
) -> io::Result<()> {
    let mut bytes = answer.encode_length_delimited_to_vec();
    for (digest, component) in components {
        prost::encode_length_delimiter(digest.len(), &mut bytes)?;
        bytes.extend_from_slice(digest.as_bytes());
        prost::encode_length_delimiter(component.len(), &mut bytes)?;
        bytes.extend_from_slice(component);
    }
    let part = file.with_extension("part");
    tokio::fs::write(&part, bytes).await?;
    tokio::fs::File::open(&part).await?.sync_all().await?;
    tokio::fs::rename(&part, file).await
}

/// Reads a snapshot; `None` if there is none.
pub(super) async fn load(
    file: &Path,
) -> io::Result<Option<(GetBindingsResponse, BTreeMap<String, Bytes>)>> {
    let mut bytes = match tokio::fs::read(file).await {
        Ok(bytes) => Bytes::from(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let answer = GetBindingsResponse::decode_length_delimited(&mut bytes)?;
    let mut components = BTreeMap::new();
    while bytes.has_remaining() {
        let digest = take(&mut bytes)?;
        let digest = String::from_utf8(digest.to_vec())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        components.insert(digest, take(&mut bytes)?);
    }
    Ok(Some((answer, components)))
}

fn take(bytes: &mut Bytes) -> io::Result<Bytes> {
    let length = prost::decode_length_delimiter(&mut *bytes)?;
    if length > bytes.remaining() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes.split_to(length))
}
