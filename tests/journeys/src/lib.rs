//! What crosses services is tested here: the whole platform, through its gateway, in one process on
//! either database and in one process per service on PostgreSQL and JetStream.
//!
//! - [`World`]: the platform, as each set-up runs it. [`Served`]: the platform as a process to be
//!   killed. [`Apart`]: a process per service.
//! - [`story`]: one order's story as steps that may be told again. [`shop`]: who tells it.
//! - [`dynamic`], [`fill`]: calls of any method, from the descriptors.
//! - [`collector`], [`prometheus`]: who telemetry is handed to.
//! - [`bundles`]: plugins to install. [`sink`]: the retailer's payment system. [`log`]: what was told.
//!
//! Scenarios are in `tests/it`; one service's own behaviour is tested in that service.

#![allow(clippy::panic, reason = "a test may fail loudly")]

pub mod apart;
pub mod bundles;
pub mod collector;
pub mod dynamic;
pub mod fill;
pub mod keys;
pub mod log;
pub mod process;
pub mod prometheus;
pub mod shop;
pub mod sink;
pub mod story;
pub mod wait;
pub mod world;

pub use apart::Apart;
pub use collector::Collector;
pub use process::Served;
pub use prometheus::Prometheus;
pub use shop::Shop;
pub use world::{Setup, World};

/// Makes three tests of each scenario, one for each way to run the platform.
///
/// A scenario is an `async fn` of one [`World`] that answers a `Result`. The tests are named
/// `<scenario>::sqlite`, `<scenario>::postgres` and `<scenario>::apart`.
#[macro_export]
macro_rules! on_every_setup {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: $type:ty) -> $answer:ty $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a scenario may name nothing of its module")]
            use super::*;

            async fn scenario($world: $type) -> $answer $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() -> $answer {
                let setup = $crate::Setup::Together(postlude_testkit::Database::Sqlite);
                scenario(<$type>::start(setup).await).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() -> $answer {
                let setup = $crate::Setup::Together(postlude_testkit::Database::Postgres);
                scenario(<$type>::start(setup).await).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn apart() -> $answer {
                scenario(<$type>::start($crate::Setup::Apart).await).await
            }
        }
    )+};
}
