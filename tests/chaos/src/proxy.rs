//! A network that misbehaves: a TCP proxy that delays, cuts and goes silent when it is told to.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// How the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Bytes pass.
    Fair,
    /// Bytes pass so much later, each way.
    Slow(Duration),
    /// Connections stay open and nothing passes; what was sent arrives when the weather changes.
    Silent,
    /// Connections are refused and cut.
    Down,
}

/// A proxy in front of one server. Dropping it closes everything.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    /// Counted up to cut what is open.
    cuts: watch::Sender<u64>,
    opened: Arc<AtomicU64>,
}

impl Proxy {
    /// Starts one in front of `target`.
    ///
    /// # Errors
    /// If it can't listen.
    pub async fn start(target: String) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr().context("the proxy's address")?;
        let (weather, sky) = watch::channel(Weather::Fair);
        let (cuts, cut) = watch::channel(0);
        let opened = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&opened);
        tokio::spawn(async move {
            loop {
                let mut gone = sky.clone();
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    // Fails once nobody is left to change the weather.
                    _ = gone.wait_for(|_| false) => break,
                };
                let Ok((client, _)) = accepted else { break };
                if *sky.borrow() == Weather::Down {
                    continue;
                }
                count.fetch_add(1, Ordering::Relaxed);
                let (target, sky, cut) = (target.clone(), sky.clone(), cut.clone());
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(target).await {
                        carry(client, server, sky, cut).await;
                    }
                });
            }
        });
        Ok(Self {
            address,
            weather,
            cuts,
            opened,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Changes the weather, for what is open as well.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
        if weather == Weather::Down {
            self.cut();
        }
    }

    /// Cuts every open connection; new ones are welcome.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Connections that were opened so far.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }
}

async fn carry(
    client: TcpStream,
    server: TcpStream,
    sky: watch::Receiver<Weather>,
    mut cut: watch::Receiver<u64>,
) {
    cut.mark_unchanged();
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = one_way(from_client, to_server, sky.clone()) => {}
        () = one_way(from_server, to_client, sky) => {}
        _ = cut.changed() => {}
    }
}

/// Passes bytes on until one side closes, as the weather allows.
async fn one_way(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut sky: watch::Receiver<Weather>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let now = *sky.borrow_and_update();
        match now {
            Weather::Fair => {}
            Weather::Slow(delay) => {
                let _ = tokio::time::timeout(delay, sky.changed()).await;
            }
            Weather::Silent | Weather::Down => {
                let calmer = sky.wait_for(|weather| !matches!(weather, Weather::Silent));
                if calmer.await.is_err() {
                    return;
                }
            }
        }
        let Some(bytes) = buffer.get(..count) else {
            return;
        };
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
