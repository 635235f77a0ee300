//! `postlude demo`: one order, told whole, against a running platform.
//!
//! Every call carries a `request_id` made from the story's id, and the story looks at what is there
//! before it goes on: a story that was cut off, by a kill of the platform for example, is told to its
//! end by running it again with the same `--story`.

mod order;
mod platform;
mod purchase;
mod refund;
mod rehearsal;
mod return_goods;
mod teller;
mod why;

use std::time::Duration;

use clap::Args;
use postlude_kernel::{Clock as _, SystemClock, SystemIds};

use self::{order::Order, platform::Platform, teller::Teller};
use super::{Usage, client::Connection, output::Output};
use crate::payments::Payments;

/// Which story, and where it is told.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Goes on with a story that was cut off, or names a new one. A new name each time, if absent.
    #[arg(long, alias = "run-id", value_name = "ID")]
    story: Option<String>,
    /// Where the story's payment system listens; refunds are sent there.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    payments: std::net::SocketAddr,
    /// Seconds to wait for the platform: for a label, for a refund, for it to come back.
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    patience: u64,
    #[command(flatten)]
    connection: Connection,
}

/// What the acts work with.
struct Stage {
    platform: Platform,
    payments: Payments,
    order: Order,
    story: String,
    teller: Teller,
}

impl Demo {
    pub(crate) async fn run(self, output: Output) -> anyhow::Result<()> {
        let story = match &self.story {
            Some(story) => story.clone(),
            None => fresh_story(),
        };
        let valid = (1..=40).contains(&story.len())
            && story
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !valid {
            return Err(Usage("--story is 1 to 40 letters, digits and dashes".to_owned()).into());
        }
        let patience = Duration::from_secs(self.patience);
        let platform = Platform::new(self.connection.open().await?, patience);
        let payments = Payments::start(self.payments, &story).await?;
        let mut stage = Stage {
            order: Order::new(&platform, &story, SystemClock.now()).await?,
            platform,
            payments,
            teller: Teller::new(output, &story),
            story,
        };
        let told = stage.tell().await;
        stage.teller.end(told.is_ok());
        told
    }
}

impl Stage {
    async fn tell(&mut self) -> anyhow::Result<()> {
        self.rehearse().await?;
        self.purchase().await?;
        let opened = self.open_return().await?;
        let inspected = self.bring_back(&opened).await?;
        let done = self.refund(inspected).await?;
        self.ask_why(&done).await
    }

    /// The id under which a step of this story is asked for, however often.
    fn request_id(&self, step: &str) -> String {
        format!("demo-{}-{step}", self.story)
    }
}

fn fresh_story() -> String {
    use postlude_kernel::IdSource as _;
    SystemIds.ulid(SystemClock.now()).to_string().to_lowercase()
}
