//! A port: HTTP/2 (and HTTP/1 for what isn't gRPC) until it is told to stop, then what is open ends.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::service::Routes;

use crate::Tls;

/// Calls that one connection may have open.
const STREAMS: u32 = 1_000;
/// Bytes of headers of one call.
const HEADERS: u32 = 16 * 1024;
/// A silent connection is asked after this long whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// After a failed accept (no file descriptors left) wait a little instead of spinning.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// Serves a service's own routes on a port: what `--only` does.
pub async fn serve_routes(
    listener: TcpListener,
    tls: Option<Tls>,
    routes: Routes,
    stop: CancellationToken,
) {
    serve(listener, tls, routes.into_axum_router(), stop).await;
}

/// Serves until `stop`; then takes no new connection, lets every open one finish its calls, and
/// returns. How long that may take is the caller's to bound. Without `tls` it is in the clear.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    stop: CancellationToken,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(KEEP_ALIVE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    let builder = Arc::new(builder);
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _peer)) => {
                let (builder, router) = (Arc::clone(&builder), router.clone());
                let (tls, stop) = (tls.clone(), stop.clone());
                connections.spawn(greet(builder, stream, tls, router, stop));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn greet(
    builder: Arc<auto::Builder<TokioExecutor>>,
    stream: TcpStream,
    tls: Option<Tls>,
    router: Router,
    stop: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "nodelay");
    }
    let Some(tls) = tls else {
        return connection(builder, stream, router, stop).await;
    };
    let greeted = tokio::select! {
        () = stop.cancelled() => return,
        greeted = tls.accept(stream) => greeted,
    };
    match greeted {
        Ok(stream) => connection(builder, stream, router, stop).await,
        Err(error) => tracing::warn!(%error, "a connection is refused: no TLS with this peer"),
    }
}

async fn connection(
    builder: Arc<auto::Builder<TokioExecutor>>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    stop: CancellationToken,
) {
    let service = TowerToHyperService::new(router);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.cancelled() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Peers go away without a word all the time.
        tracing::debug!(error, "a connection ended");
    }
}
