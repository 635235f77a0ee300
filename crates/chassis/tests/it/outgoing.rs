//! Calls to the outside: where they may go and what they carry.

use std::time::Duration;

use postlude_chassis::{
    Outgoing, Secret,
    config::OutgoingConfig,
    outgoing::{OutgoingError, RESPONSE_LIMIT, WebhookRequest, backoff},
};
use postlude_kernel::{Clock as _, SystemClock, Timestamp};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, method, path},
};

const ONE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const TWO: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn outgoing(allowed: &[&str]) -> Outgoing {
    Outgoing::new(&OutgoingConfig {
        allowed_cidrs: allowed.iter().map(|cidr| (*cidr).to_owned()).collect(),
        connect_timeout_seconds: 2,
        timeout_seconds: 2,
    })
    .unwrap()
}

fn request(url: &str, time: Timestamp) -> WebhookRequest {
    WebhookRequest {
        url: url.to_owned(),
        secret: Secret::new(ONE),
        id: "msg_1".to_owned(),
        time,
        body: r#"{"refund_id":"rfd_1"}"#.into(),
    }
}

fn now() -> Timestamp {
    SystemClock.now()
}

#[tokio::test]
async fn refuses_private_addresses_by_number_and_by_name() {
    let outgoing = outgoing(&[]);
    for url in [
        "http://127.0.0.1:1/hook",
        "http://localhost:1/hook",
        "http://[::1]:1/",
        "http://[::ffff:127.0.0.1]/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0/",
        "https://192.168.0.10/",
    ] {
        let error = outgoing.send(&request(url, now())).await.unwrap_err();
        assert!(
            matches!(error, OutgoingError::AddressRefused(_)),
            "{url}: {error:?}"
        );
    }
    for url in ["", "file:///etc/passwd", "ftp://example.com", "example.com"] {
        let error = outgoing.send(&request(url, now())).await.unwrap_err();
        assert!(matches!(error, OutgoingError::Url(_)), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn signs_so_that_the_endpoint_can_check() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/hook"))
        .respond_with(ResponseTemplate::new(200).set_body_string("thanks"))
        .expect(1)
        .mount(&server)
        .await;
    let mut message = request(&format!("{}/hook", server.uri()), now());
    message.secret = Secret::new(format!("{ONE} {TWO}"));
    let response = outgoing(&["127.0.0.0/8"]).send(&message).await.unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(&response.body[..], b"thanks");

    let received = &server.received_requests().await.unwrap()[0];
    assert_eq!(received.headers["webhook-id"], "msg_1");
    assert_eq!(received.headers["content-type"], "application/json");
    for secret in [ONE, TWO] {
        standardwebhooks::Webhook::new(secret)
            .unwrap()
            .verify(&received.body, &received.headers)
            .unwrap();
    }
    let stranger =
        standardwebhooks::Webhook::new("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    assert!(stranger.verify(&received.body, &received.headers).is_err());
}

#[tokio::test]
async fn follows_no_redirect() {
    let server = MockServer::start().await;
    Mock::given(path("/hook"))
        .respond_with(ResponseTemplate::new(307).insert_header("location", "/elsewhere"))
        .mount(&server)
        .await;
    Mock::given(path("/elsewhere"))
        .respond_with(ResponseTemplate::new(200))
        .expect(0)
        .mount(&server)
        .await;
    let url = format!("{}/hook", server.uri());
    let response = outgoing(&["127.0.0.1"])
        .send(&request(&url, now()))
        .await
        .unwrap();
    assert_eq!(response.status, 307);
}

#[tokio::test]
async fn honours_retry_after() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(429).insert_header("retry-after", "120"))
        .mount(&server)
        .await;
    let response = outgoing(&["127.0.0.0/8"])
        .send(&request(&server.uri(), now()))
        .await
        .unwrap();
    assert_eq!(response.status, 429);
    assert_eq!(response.retry_after, Some(Duration::from_secs(120)));
}

#[tokio::test]
async fn reads_no_more_than_it_needs_and_waits_no_longer_than_it_may() {
    let server = MockServer::start().await;
    Mock::given(path("/large"))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(vec![b'x'; RESPONSE_LIMIT + 1]))
        .mount(&server)
        .await;
    Mock::given(path("/slow"))
        .respond_with(ResponseTemplate::new(200).set_delay(Duration::from_secs(30)))
        .mount(&server)
        .await;
    let outgoing = outgoing(&["127.0.0.0/8"]);
    let large = format!("{}/large", server.uri());
    let error = outgoing.send(&request(&large, now())).await.unwrap_err();
    assert!(matches!(error, OutgoingError::TooLarge), "{error:?}");
    let slow = format!("{}/slow", server.uri());
    let error = outgoing.send(&request(&slow, now())).await.unwrap_err();
    assert!(matches!(error, OutgoingError::TimedOut), "{error:?}");
}

#[tokio::test]
async fn says_what_is_wrong_with_a_secret_or_a_body() {
    let outgoing = outgoing(&["127.0.0.0/8"]);
    let mut message = request("http://127.0.0.1:1/", now());
    for secret in ["", "whsec_!!"] {
        message.secret = Secret::new(secret);
        let error = outgoing.send(&message).await.unwrap_err();
        assert!(matches!(error, OutgoingError::Secret), "{error:?}");
    }
    message.secret = Secret::new(ONE);
    message.body = vec![0xff, 0xfe].into();
    let error = outgoing.send(&message).await.unwrap_err();
    assert!(matches!(error, OutgoingError::Body), "{error:?}");
    assert!(!format!("{message:?}").contains("MfKQ"), "the secret shows");
}

#[test]
fn tries_for_about_75_hours() {
    let waits: Vec<Duration> = (1..).map_while(backoff).collect();
    assert!(waits.is_sorted());
    let hours = waits.iter().sum::<Duration>().as_secs() / 3600;
    assert!((74..=76).contains(&hours), "{hours}");
    assert_eq!(backoff(0), None);
}
