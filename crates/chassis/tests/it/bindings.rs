//! The plugin snapshot: fetched, kept, restored.

use std::{convert::Infallible, sync::Arc};

use postlude_chassis::{Context, Service, bindings::Sync};
use postlude_kernel::TenantId;
use postlude_plugin_host::{BindingState, Bindings, Host, HostConfig};
use postlude_testkit::{Database, Kit};

const HOOK: &str = "return-policy";

/// A service that does nothing; the test takes its context.
async fn context() -> (Kit, Context) {
    let slot: Arc<std::sync::Mutex<Option<Context>>> = Arc::default();
    let kit = {
        let slot = Arc::clone(&slot);
        Kit::start("returns", Database::Sqlite, move |context| {
            *slot.lock().unwrap() = Some(context.clone());
            async move { Ok::<_, Infallible>(Service::new(&context)) }
        })
        .await
    };
    let context = slot.lock().unwrap().take().unwrap();
    (kit, context)
}

fn host(context: &Context) -> Host {
    Host::new(HostConfig::new(
        Arc::clone(&context.clock),
        Arc::clone(&context.ids),
    ))
    .unwrap()
}

fn state(bindings: &Bindings, tenant: &str) -> &'static str {
    match bindings.get(&TenantId::parse(tenant).unwrap()) {
        BindingState::NoSnapshot => "no snapshot",
        BindingState::None => "none",
        BindingState::Bound(bound) => match bound.component {
            Ok(_) => "bound",
            Err(_) => "bound, unavailable",
        },
    }
}

#[tokio::test]
async fn keeps_the_last_snapshot_for_a_start_without_the_registry() {
    let (_kit, context) = context().await;
    let host = host(&context);
    let bindings = Arc::new(Bindings::new());
    let mut sync = Sync::new(&context, HOOK, host.clone(), Arc::clone(&bindings));
    sync.restore().await;
    assert!(sync.refresh().await.is_err(), "there is no registry");
    assert_eq!(state(&bindings, "demo"), "no snapshot");

    registry::play(&context, 3);
    sync.refresh().await.unwrap();
    // The component is no WebAssembly: the binding stands, and says so at every call.
    assert_eq!(state(&bindings, "demo"), "bound, unavailable");
    assert_eq!(state(&bindings, "other"), "none");

    let later = Arc::new(Bindings::new());
    let mut sync = Sync::new(&context, HOOK, host, Arc::clone(&later));
    sync.restore().await;
    assert_eq!(state(&later, "demo"), "bound, unavailable");
    assert_eq!(state(&later, "other"), "none");
}

#[tokio::test]
async fn knows_that_nothing_is_bound() {
    let (_kit, context) = context().await;
    let bindings = Arc::new(Bindings::new());
    let mut sync = Sync::new(&context, HOOK, host(&context), Arc::clone(&bindings));
    registry::play(&context, 0);
    sync.refresh().await.unwrap();
    assert_eq!(state(&bindings, "demo"), "none");
}

/// A registry of two methods.
mod registry {
    use axum::{Router, routing::post};
    use postlude_chassis::Context;
    use postlude_proto::plugins::v1::{
        Binding, FetchComponentResponse, GetBindingsRequest, GetBindingsResponse,
    };
    use prost::Message;
    use tonic::service::Routes;

    const COMPONENT: &[u8] = b"no component";

    /// One frame and an OK.
    fn reply(message: &impl Message) -> http::Response<axum::body::Body> {
        let bytes = message.encode_to_vec();
        let mut frame = vec![0];
        frame.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        frame.extend(bytes);
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        let frames = [
            Ok::<_, std::convert::Infallible>(http_body::Frame::data(bytes::Bytes::from(frame))),
            Ok(http_body::Frame::trailers(trailers)),
        ];
        let body = http_body_util::StreamBody::new(futures_util::stream::iter(frames));
        http::Response::builder()
            .header("content-type", "application/grpc")
            .body(axum::body::Body::new(body))
            .unwrap()
    }

    pub(super) fn play(context: &Context, generation: i64) {
        let digest = postlude_plugin_host::digest(COMPONENT);
        let binding = Binding {
            tenant_id: "demo".to_owned(),
            hook: super::HOOK.to_owned(),
            plugin_id: "standard-returns".to_owned(),
            plugin_version: "1.0.0".to_owned(),
            component_digest: digest,
            config: "{}".to_owned(),
            generation,
            ..Binding::default()
        };
        let bindings = move |body: bytes::Bytes| async move {
            let request = GetBindingsRequest::decode(&body[5..]).unwrap();
            let changed = request.known_generation != generation;
            reply(&GetBindingsResponse {
                generation,
                changed,
                bindings: if changed { vec![binding] } else { Vec::new() },
            })
        };
        let component = || async {
            reply(&FetchComponentResponse {
                chunk: COMPONENT.to_vec(),
            })
        };
        let router = Router::new()
            .route(
                "/postlude.plugins.v1.PluginService/GetBindings",
                post(bindings),
            )
            .route(
                "/postlude.plugins.v1.PluginService/FetchComponent",
                post(component),
            );
        context
            .clients
            .register(postlude_chassis::bindings::REGISTRY, Routes::from(router));
    }
}
