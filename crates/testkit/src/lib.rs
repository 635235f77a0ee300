//! Starts one service for its own tests: a fresh database, a clock that stands still, ids that can
//! be foreseen, the embedded bus, and a client that carries an identity.
//!
//! ```ignore
//! on_both_databases! {
//!     async fn refuses_a_return_after_the_window(kit: Returns) {
//!         let mut client = ReturnServiceClient::new(kit.channel("shop", &["returns.write"]));
//!         kit.publish("shop", "order-1", 1, &OrderRecorded { … }).await;
//!         kit.drain().await;
//!         kit.advance(days(31));
//!         …
//!     }
//! }
//! ```
//!
//! - [`Kit`]: the service at work. [`Database`], [`Fresh`]: where its data lies.
//! - [`on_both_databases!`]: a scenario written once is two tests.
//! - [`Authority`]: certificates for a test of TLS.
//! - [`shuffle_and_repeat`]: another order, and some of it twice.
//! - [`until`]: waits on a condition. Nothing here sleeps for a time that somebody guessed.
//!
//! It starts what its caller hands it and knows no service. The whole platform is started for tests
//! in `tests/`. A failure panics: it is a test's.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly, and this crate is for nothing else"
)]

mod certificates;
mod database;
mod kit;
mod recorder;
mod setup;
mod shuffle;
mod wait;

pub use certificates::Authority;
pub use database::{Database, Fresh, POSTGRES_URL, postgres_url};
pub use kit::{Builder, Kit, START};
pub use recorder::Emitted;
pub use shuffle::shuffle_and_repeat;
pub use tokio;
pub use wait::{DEADLINE, days, until};

/// What a scenario of [`on_both_databases!`] is handed: something that starts on a database.
pub trait Start: Sized {
    /// Starts it, fresh.
    fn start(database: Database) -> impl Future<Output = Self>;
}

/// Makes two tests of each scenario, one on SQLite and one on PostgreSQL.
///
/// A scenario is an `async fn` of one argument whose type implements [`Start`]. The tests are named
/// `<scenario>::sqlite` and `<scenario>::postgres`. A scenario may answer a `Result`.
#[macro_export]
macro_rules! on_both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($kit:ident: $type:ty) $(-> $answer:ty)? $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a scenario may name nothing of its module")]
            use super::*;

            async fn scenario($kit: $type) $(-> $answer)? $body

            #[$crate::tokio::test(flavor = "multi_thread", worker_threads = 2, crate = "postlude_testkit::tokio")]
            async fn sqlite() $(-> $answer)? {
                scenario(<$type as $crate::Start>::start($crate::Database::Sqlite).await).await
            }

            #[$crate::tokio::test(flavor = "multi_thread", worker_threads = 2, crate = "postlude_testkit::tokio")]
            async fn postgres() $(-> $answer)? {
                scenario(<$type as $crate::Start>::start($crate::Database::Postgres).await).await
            }
        }
    )+};
}
