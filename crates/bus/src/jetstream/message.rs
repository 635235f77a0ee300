//! An event as a message of NATS: CloudEvents 1.0 in binary mode, attributes in headers.
//!
//! | header | what |
//! | --- | --- |
//! | `ce-specversion`, `ce-id`, `ce-type`, `ce-source`, `ce-subject`, `ce-time` | CloudEvents |
//! | `content-type` | `application/protobuf` |
//! | `ce-tenant`, `ce-revision`, `ce-event` | extensions: whose, the aggregate's revision, the event's name |
//! | `traceparent` | W3C trace context, where there is one |

use async_nats::{HeaderMap, HeaderValue};
use bytes::Bytes;
use postlude_kernel::{TenantId, Timestamp};
use postlude_store::Envelope;

use crate::BusError;

const CONTENT_TYPE: &str = "application/protobuf";
const SOURCE: &str = "/postlude/";

/// The attributes of an event.
pub(super) fn headers(event: &Envelope) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("ce-specversion", "1.0"),
        ("ce-id", &event.id),
        ("ce-type", &event.r#type),
        ("ce-source", &format!("{SOURCE}{}", event.domain)),
        ("ce-subject", &escape(&event.subject)),
        ("ce-time", &event.time.to_string()),
        ("ce-tenant", event.tenant.as_str()),
        ("ce-revision", &event.revision.to_string()),
        ("ce-event", &event.name),
        ("content-type", CONTENT_TYPE),
    ] {
        headers.insert(name, value);
    }
    if let Some(parent) = &event.traceparent {
        headers.insert("traceparent", parent.as_str());
    }
    headers
}

/// The event that a message carries.
pub(super) fn envelope(headers: Option<&HeaderMap>, payload: Bytes) -> Result<Envelope, BusError> {
    let read = |name: &'static str| {
        headers
            .and_then(|headers| headers.get(name))
            .map(HeaderValue::as_str)
            .ok_or_else(|| unreadable(name))
    };
    let domain = read("ce-source")?.strip_prefix(SOURCE);
    Ok(Envelope {
        id: read("ce-id")?.to_owned(),
        r#type: read("ce-type")?.to_owned(),
        domain: domain.ok_or_else(|| unreadable("ce-source"))?.to_owned(),
        name: read("ce-event")?.to_owned(),
        tenant: TenantId::parse(read("ce-tenant")?).map_err(|_invalid| unreadable("ce-tenant"))?,
        subject: unescape(read("ce-subject")?).ok_or_else(|| unreadable("ce-subject"))?,
        revision: read("ce-revision")?
            .parse()
            .map_err(|_invalid| unreadable("ce-revision"))?,
        time: Timestamp::parse(read("ce-time")?).map_err(|_invalid| unreadable("ce-time"))?,
        traceparent: read("traceparent").ok().map(str::to_owned),
        payload,
    })
}

fn unreadable(header: &str) -> BusError {
    BusError::broker(format!("a message without a readable header {header}"))
}

/// What CloudEvents asks for in headers: percent and what isn't visible ASCII, as percent-encoded UTF-8.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if matches!(byte, b'!'..=b'~') && !matches!(byte, b'%' | b'"') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

pub(super) fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::*;

    #[test]
    fn an_event_comes_out_as_it_went_in() {
        let event = Envelope {
            id: "evt_1".to_owned(),
            r#type: "postlude.orders.order-recorded.v1".to_owned(),
            domain: "orders".to_owned(),
            name: "order-recorded".to_owned(),
            tenant: TenantId::parse("shop").unwrap(),
            subject: "No. 7 «größer» 100%\r\nce-id: other".to_owned(),
            revision: 3,
            time: Timestamp::from_micros(1_700_000_000_123_456),
            traceparent: None,
            payload: Bytes::from_static(b"\x08\x01"),
        };
        let headers = headers(&event);
        assert_eq!(
            envelope(Some(&headers), event.payload.clone()).unwrap(),
            event
        );
        assert_eq!(headers.get("ce-specversion").unwrap().as_str(), "1.0");
    }

    #[test]
    fn a_foreign_message_is_refused() {
        assert!(envelope(None, Bytes::new()).is_err());
        assert!(envelope(Some(&HeaderMap::new()), Bytes::new()).is_err());
    }
}
