//! The contracts: messages, clients and servers generated from `proto/postlude`, the descriptors
//! that the platform reads at run time, and the names of events.
//!
//! Owns no behaviour. Which scope a method needs and which message is an event are options in the
//! `.proto` files; this crate only makes them readable.

use std::{collections::HashMap, sync::LazyLock};

use prost_reflect::{DescriptorPool, MethodDescriptor};

/// `postlude.type.v1`: words that every service shares.
pub mod r#type {
    /// Version 1.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::allow_attributes_without_reason,
        reason = "generated"
    )]
    pub mod v1 {
        tonic::include_proto!("postlude.r#type.v1");
    }
}

macro_rules! package {
    ($domain:ident, $name:literal) => {
        #[doc = concat!("`", $name, "`.")]
        pub mod $domain {
            /// Version 1.
            #[allow(
                missing_docs,
                unreachable_pub,
                clippy::all,
                clippy::allow_attributes_without_reason,
                clippy::unwrap_used,
                clippy::wildcard_enum_match_arm,
                reason = "generated from the contract, whose comments are the documentation"
            )]
            pub mod v1 {
                tonic::include_proto!($name);
            }
        }
    };
}

package!(orders, "postlude.orders.v1");
package!(returns, "postlude.returns.v1");
package!(plugins, "postlude.plugins.v1");
package!(runs, "postlude.runs.v1");
package!(gateway, "postlude.gateway.v1");

/// Every contract with its options, encoded as a `FileDescriptorSet`: what reflection serves.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The contracts as descriptors.
#[allow(
    clippy::expect_used,
    reason = "the bytes are made by this crate's own build; a broken set is a broken build"
)]
pub static DESCRIPTOR_POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the embedded descriptor set decodes")
});

/// The scope of a method that only services may call.
pub const INTERNAL_SCOPE: &str = "internal";

/// A message that travels as an event.
///
/// Implemented by the build for every message with the option `postlude.options.v1.event`.
pub trait Event: prost::Message + prost_reflect::ReflectMessage + Default {
    /// The service that tells it, for example `orders`.
    const DOMAIN: &'static str;
    /// The event's name, for example `order-recorded`.
    const NAME: &'static str;
    /// The CloudEvents type, for example `postlude.orders.order-recorded.v1`.
    const TYPE: &'static str;
}

include!(concat!(env!("OUT_DIR"), "/events.rs"));

/// A method of the contract and what a caller needs for it.
#[derive(Debug, Clone)]
pub struct Method {
    /// The descriptor.
    pub descriptor: MethodDescriptor,
    /// The scope from the method's option; empty if it has none.
    pub scope: String,
}

static METHODS: LazyLock<HashMap<String, Method>> = LazyLock::new(|| {
    let pool = &*DESCRIPTOR_POOL;
    let option = pool.get_extension_by_name("postlude.options.v1.scope");
    pool.services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|descriptor| {
            let scope = option
                .as_ref()
                .map(|option| descriptor.options().get_extension(option).into_owned())
                .and_then(|value| value.as_str().map(str::to_owned))
                .unwrap_or_default();
            let path = format!(
                "/{}/{}",
                descriptor.parent_service().full_name(),
                descriptor.name()
            );
            (path, Method { descriptor, scope })
        })
        .collect()
});

/// Finds a method by its path: `/postlude.orders.v1.OrderService/GetOrder`.
#[must_use]
pub fn method(path: &str) -> Option<&'static Method> {
    METHODS.get(path)
}

/// Every method of the contract, by path, in no order.
pub fn methods() -> impl Iterator<Item = (&'static str, &'static Method)> {
    METHODS.iter().map(|(path, method)| (path.as_str(), method))
}

/// Every scope that an API key may hold, sorted: the scopes of the contract but `internal`.
#[must_use]
pub fn scopes() -> Vec<&'static str> {
    let mut scopes: Vec<&str> = METHODS
        .values()
        .map(|method| method.scope.as_str())
        .filter(|scope| !scope.is_empty() && *scope != INTERNAL_SCOPE)
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}
