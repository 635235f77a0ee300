//! What holds for every method of the contract, read from its descriptors: a new RPC is covered
//! here with no new line.

use anyhow::{Context as _, ensure};
use postlude_journeys::{
    World, dynamic,
    fill::{self, Known},
    keys, on_every_setup,
    shop::Shop,
    story::Story,
    wait,
};
use postlude_proto::{
    INTERNAL_SCOPE, Method,
    gateway::v1::ListApiKeysRequest,
    orders::v1::{
        Customer, EraseCustomerRequest, GetErasureRequest, GetOrderRequest, UpdateCustomerRequest,
        erasure,
    },
    plugins::v1::{ListPluginsRequest, ListRunsRequest},
};
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, ReflectMessage as _};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

on_every_setup! {
    async fn no_method_answers_without_a_key(world: World) -> anyhow::Result<()> {
        for (path, method) in methods() {
            let request = Known::default().fill(&method.descriptor.input());
            let answer = dynamic::call(&world.channel, path, method, request, None).await;
            refused(path, answer, Code::Unauthenticated)?;
        }
        Ok(())
    }

    async fn no_method_answers_to_a_key_that_is_none(world: World) -> anyhow::Result<()> {
        for (path, method) in methods() {
            let request = Known::default().fill(&method.descriptor.input());
            let key = Some("plk_not_a_key_at_all");
            let answer = dynamic::call(&world.channel, path, method, request, key).await;
            refused(path, answer, Code::Unauthenticated)?;
        }
        Ok(())
    }

    async fn every_method_names_the_scope_that_is_missing(world: World) -> anyhow::Result<()> {
        let shop = world.tenant("shop").await?;
        for (path, method) in methods().filter(|(_, method)| method.scope != INTERNAL_SCOPE) {
            let others: Vec<&str> = keys::all_but_platform()
                .into_iter()
                .filter(|scope| *scope != method.scope)
                .collect();
            let key = if method.scope == "platform.admin" {
                shop.key.clone()
            } else {
                world.key("shop", &others).await?
            };
            let request = Known::default().fill(&method.descriptor.input());
            let answer = dynamic::call(&world.channel, path, method, request, Some(&key)).await;
            let status = refused(path, answer, Code::PermissionDenied)?;
            let named = status
                .get_details_error_info()
                .is_some_and(|info| info.metadata.get("scope") == Some(&method.scope));
            ensure!(named, "{path} does not name {}: {status:?}", method.scope);
        }
        Ok(())
    }

    async fn what_services_ask_each_other_nobody_asks_through_the_gateway(world: World) -> anyhow::Result<()> {
        let shop = world.tenant("shop").await?;
        let mut tried = 0;
        for (path, method) in methods().filter(|(_, method)| method.scope == INTERNAL_SCOPE) {
            for key in [shop.key.as_str(), world.operator_key()] {
                let request = Known::default().fill(&method.descriptor.input());
                let answer = dynamic::call(&world.channel, path, method, request, Some(key)).await;
                // As if it weren't there.
                refused(path, answer, Code::Unimplemented)?;
                tried += 1;
            }
        }
        ensure!(tried >= 10, "services have more methods of their own than {tried}");
        Ok(())
    }

    async fn nothing_of_another_tenant_is_found(world: World) -> anyhow::Result<()> {
        let owner = world.tenant("owner").await?;
        world.install_standard_returns(&owner).await?;
        let mut story = Story::new("order-of-the-owner", world.days_ago(6));
        story.tell(&owner).await?;
        let erasure_id = erase_somebody(&owner).await?;
        let before = seen_by(&owner, &story, &erasure_id).await?;
        let known = learn(&before)?;

        let mut tried = 0;
        for (path, method) in methods().filter(|(_, method)| method.scope != INTERNAL_SCOPE) {
            // A tenant of its own for each method: what one method creates, another can't find.
            let stranger = world.tenant(&format!("stranger-{tried}")).await?;
            let request = request_for(&known, method);
            let answer =
                dynamic::call(&world.channel, path, method, request, Some(&stranger.key)).await;
            judge(path, method, &known, &story.mark, answer)?;
            tried += 1;
        }
        ensure!(tried > 30, "the contract has more methods than {tried}");
        let after = seen_by(&owner, &story, &erasure_id).await?;
        ensure!(after == before, "a stranger changed something");
        Ok(())
    }
}

/// Every method, by path.
fn methods() -> impl Iterator<Item = (&'static str, &'static Method)> {
    let mut methods: Vec<_> = postlude_proto::methods().collect();
    methods.sort_unstable_by_key(|(path, _)| *path);
    methods.into_iter()
}

fn refused(path: &str, answer: dynamic::Answer, code: Code) -> anyhow::Result<Status> {
    match answer {
        Err(status) if status.code() == code => Ok(status),
        other => anyhow::bail!("{path} must answer {code:?}, not {other:?}"),
    }
}

/// The ids of all that a tenant has, after its story.
fn learn(seen: &[DynamicMessage]) -> anyhow::Result<Known> {
    let mut known = Known::default();
    seen.iter().for_each(|answer| known.learn(answer));
    for id in [
        "order_id",
        "customer_id",
        "return_id",
        "quote_id",
        "refund_id",
        "erasure_id",
        "plugin_id",
        "run_id",
        "key_id",
        "tenant_id",
    ] {
        known
            .get(id)
            .with_context(|| format!("the story shows no {id}"))?;
    }
    Ok(known)
}

/// A customer who was there and is forgotten: an erasure to look for.
async fn erase_somebody(owner: &Shop) -> anyhow::Result<String> {
    let customer_id = "somebody-else".to_owned();
    let profile = UpdateCustomerRequest {
        customer: Some(Customer {
            customer_id: customer_id.clone(),
            ..Customer::default()
        }),
        ..UpdateCustomerRequest::default()
    };
    owner.customers.clone().update_customer(profile).await?;
    let request = EraseCustomerRequest {
        customer_id,
        ..EraseCustomerRequest::default()
    };
    let erasure = owner
        .customers
        .clone()
        .erase_customer(request)
        .await?
        .into_inner();
    wait::until("the erasure is complete", async || {
        let request = GetErasureRequest {
            erasure_id: erasure.erasure_id.clone(),
        };
        let seen = owner
            .customers
            .clone()
            .get_erasure(request)
            .await?
            .into_inner();
        Ok::<_, Status>((seen.state() == erasure::State::Completed).then_some(seen.erasure_id))
    })
    .await
}

/// What the owner sees of all it has.
async fn seen_by(
    owner: &Shop,
    story: &Story,
    erasure_id: &str,
) -> anyhow::Result<Vec<DynamicMessage>> {
    let order = GetOrderRequest {
        order_id: story.order_id.clone(),
    };
    let order = owner.orders.clone().get_order(order).await?.into_inner();
    let erasure = GetErasureRequest {
        erasure_id: erasure_id.to_owned(),
    };
    let erasure = owner
        .customers
        .clone()
        .get_erasure(erasure)
        .await?
        .into_inner();
    let runs = ListRunsRequest {
        hook: "return-policy".to_owned(),
        ..ListRunsRequest::default()
    };
    let runs = owner.plugins.clone().list_runs(runs).await?.into_inner();
    let keys = ListApiKeysRequest::default();
    let keys = owner.admin.clone().list_api_keys(keys).await?.into_inner();
    let listed = ListPluginsRequest::default();
    let listed = owner
        .plugins
        .clone()
        .list_plugins(listed)
        .await?
        .into_inner();
    let quote = story.quote.clone().unwrap_or_default();
    Ok(vec![
        order.transcode_to_dynamic(),
        story.seen(owner).await?.transcode_to_dynamic(),
        quote.transcode_to_dynamic(),
        erasure.transcode_to_dynamic(),
        runs.transcode_to_dynamic(),
        keys.transcode_to_dynamic(),
        listed.transcode_to_dynamic(),
    ])
}

/// A request that names what is the owner's. A list is asked for with no filter by state, so that a
/// leak can't hide behind one.
fn request_for(known: &Known, method: &Method) -> DynamicMessage {
    let mut request = known.fill(&method.descriptor.input());
    if method.descriptor.name().starts_with("List") {
        let states: Vec<_> = request
            .descriptor()
            .fields()
            .filter(|field| matches!(field.kind(), Kind::Enum(_)))
            .collect();
        for field in states {
            request.clear_field(&field);
        }
    }
    request
}

/// What a stranger may be told: NOT_FOUND; nothing, as a list; or what the call made for the
/// stranger itself under a number that retailers choose.
fn judge(
    path: &str,
    method: &Method,
    known: &Known,
    mark: &str,
    answer: dynamic::Answer,
) -> anyhow::Result<()> {
    let input = method.descriptor.input();
    match answer {
        Err(status) => {
            let fine = match status.code() {
                Code::NotFound => true,
                Code::PermissionDenied => {
                    input.get_field_by_name("tenant_id").is_some()
                        || method.scope == "platform.admin"
                }
                // A bundle that is none is refused before anything is looked up.
                Code::InvalidArgument => method.descriptor.is_client_streaming(),
                Code::Ok
                | Code::Cancelled
                | Code::Unknown
                | Code::DeadlineExceeded
                | Code::AlreadyExists
                | Code::ResourceExhausted
                | Code::FailedPrecondition
                | Code::Aborted
                | Code::OutOfRange
                | Code::Unimplemented
                | Code::Internal
                | Code::Unavailable
                | Code::DataLoss
                | Code::Unauthenticated => false,
            };
            ensure!(fine, "{path} must answer NOT_FOUND, not {status:?}");
        }
        Ok(None) => anyhow::bail!("{path} must answer NOT_FOUND, not an empty stream"),
        Ok(Some(message)) => {
            ensure!(!fill::mentions(&message, mark), "{path} leaks: {message}");
            for id in [
                "return_id",
                "quote_id",
                "refund_id",
                "erasure_id",
                "run_id",
                "key_id",
            ] {
                let leaks = known.get(id).is_some_and(|id| fill::mentions(&message, id));
                ensure!(!leaks, "{path} leaks {id}: {message}");
            }
            let listed = method.descriptor.name().starts_with("List") && is_empty(&message);
            let own = creates(method) || !names_anything(known, &input);
            ensure!(listed || own, "{path} must answer NOT_FOUND, not {message}");
            let ids = known.names_a_platform_id(&input);
            ensure!(listed || !ids, "{path} found the owner's id: {message}");
        }
    }
    Ok(())
}

/// Whether a method makes a resource under a number that the retailer chose: then every tenant may
/// have one of that number.
fn creates(method: &Method) -> bool {
    let carries_it = method.descriptor.input().fields().any(
        |field| matches!(field.kind(), Kind::Message(inner) if inner == method.descriptor.output()),
    );
    // These two speak of a customer who needs no profile.
    let of_a_customer = matches!(method.descriptor.name(), "SetConsent" | "EraseCustomer");
    carries_it || of_a_customer || method.descriptor.is_client_streaming()
}

fn names_anything(known: &Known, input: &MessageDescriptor) -> bool {
    input
        .fields()
        .any(|field| known.get(field.name()).is_some())
}

/// Whether a list has no entries and says so.
fn is_empty(message: &DynamicMessage) -> bool {
    message.fields().next().is_none()
}
