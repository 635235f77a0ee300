//! Reflection, health, and what isn't gRPC.

use futures_util::stream;
use postlude_testkit::Database;
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::{v1, v1alpha};

use crate::place::{Behind, place};

#[tokio::test]
async fn shows_the_contract_by_reflection_without_credentials() {
    let place = place(Database::Sqlite, Behind::Nobody, "").await;
    let expected = [
        "postlude.orders.v1.OrderService",
        "postlude.returns.v1.ReturnService",
        "postlude.plugins.v1.PluginService",
        "postlude.gateway.v1.AdminService",
        "grpc.health.v1.Health",
    ];

    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
    };
    let mut client =
        v1::server_reflection_client::ServerReflectionClient::new(place.channel().await);
    let mut answers = client
        .server_reflection_info(stream::iter([request]))
        .await
        .unwrap()
        .into_inner();
    let answer = answers
        .message()
        .await
        .unwrap()
        .unwrap()
        .message_response
        .unwrap();
    let v1::server_reflection_response::MessageResponse::ListServicesResponse(list) = answer else {
        panic!("{answer:?}");
    };
    let names: Vec<String> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    for name in expected {
        assert!(
            names.iter().any(|found| found == name),
            "{name} in {names:?}"
        );
    }

    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(
                "postlude.orders.v1.OrderService".to_owned(),
            ),
        ),
    };
    let mut client =
        v1alpha::server_reflection_client::ServerReflectionClient::new(place.channel().await);
    let mut answers = client
        .server_reflection_info(stream::iter([request]))
        .await
        .unwrap()
        .into_inner();
    let answer = answers
        .message()
        .await
        .unwrap()
        .unwrap()
        .message_response
        .unwrap();
    assert!(
        matches!(
            answer,
            v1alpha::server_reflection_response::MessageResponse::FileDescriptorResponse(_)
        ),
        "{answer:?}"
    );
}

#[tokio::test]
async fn tells_the_health_of_every_service_by_name() {
    for (behind, orders) in [
        (Behind::Near, ServingStatus::Serving),
        (Behind::Far, ServingStatus::Serving),
        (Behind::Nobody, ServingStatus::NotServing),
    ] {
        let place = place(Database::Sqlite, behind, "").await;
        let mut health = HealthClient::new(place.channel().await);
        let mut check = async |service: &str| {
            let service = service.to_owned();
            let answer = health.check(HealthCheckRequest { service }).await;
            answer
                .map(|answer| answer.into_inner().status())
                .map_err(|status| status.code())
        };
        assert_eq!(check("").await, Ok(ServingStatus::Serving));
        assert_eq!(
            check("postlude.orders.v1.OrderService").await,
            Ok(orders),
            "{behind:?}"
        );
        assert_eq!(
            check("postlude.gateway.v1.AdminService").await,
            Ok(ServingStatus::Serving)
        );
        assert_eq!(
            check("postlude.orders.v1.Nonsense").await,
            Err(Code::NotFound)
        );
        assert_eq!(check("nonsense").await, Err(Code::NotFound));
    }
}

#[tokio::test]
async fn says_not_serving_when_a_service_drains() {
    let place = place(Database::Sqlite, Behind::Near, "").await;
    let mut health = HealthClient::new(place.channel().await);
    let request = HealthCheckRequest {
        service: "postlude.orders.v1.OrderService".to_owned(),
    };
    let mut states = health.watch(request).await.unwrap().into_inner();
    let mut next = async || states.message().await.unwrap().unwrap().status();
    assert_eq!(next().await, ServingStatus::Serving);
    assert!(place.orders.drain(std::time::Duration::from_secs(20)).await);
    assert_eq!(next().await, ServingStatus::NotServing);
}

#[tokio::test]
async fn tells_a_browser_what_it_speaks() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let place = place(Database::Sqlite, Behind::Nobody, "").await;
    let address = place.uri.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 415"), "{text}");
}
