//! Connections: accepting them, what each may cost, and ending them in order.
//!
//! `axum::serve` sets no limit on any of this: a half-sent request would keep its connection open
//! for ever. The limits on bodies and on a request's time are with the endpoints.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

/// Connections at a time, WebSockets included; more of them wait in the system's queue. Each costs
/// a file descriptor and some 20 KiB.
const MAX_CONNECTIONS: u32 = 10_000;

/// How long a client may take to send a request's head. Between two requests on one connection the
/// same clock runs, so that an idle connection is closed after this time too.
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// The longest request head, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// How long WebSockets get to say goodbye when everything else has ended.
const GOODBYE: Duration = Duration::from_secs(1);

/// Among a request's extensions: tells a handler that goes on for long when the server stops.
#[derive(Clone, Default)]
pub struct Stopping(Option<watch::Receiver<bool>>);

impl Stopping {
    /// Waits until the server stops.
    pub async fn wait(&mut self) {
        match &mut self.0 {
            // A sender that is gone is a server that stops.
            Some(stop) => drop(stop.wait_for(|stop| *stop).await),
            None => std::future::pending().await,
        }
    }
}

/// Serves until `stop` is true (or its sender gone); then accepts nothing more, closes what is idle,
/// and gives running requests `grace` to finish.
///
/// Handlers find the peer's address as [`ConnectInfo<SocketAddr>`], an IPv4 address always as one, and
/// [`Stopping`].
pub async fn serve(
    listener: TcpListener,
    router: Router,
    mut stop: watch::Receiver<bool>,
    grace: Duration,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS as usize));
    // Nothing is ever sent here: the channel is closed when the last connection has ended.
    let (running, connection) = watch::channel(());
    loop {
        let (stream, peer, place) = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let stream = Stream { stream: TokioIo::new(stream), _place: place };
        let (router, stop, connection) = (router.clone(), stop.clone(), connection.clone());
        tokio::spawn(async move {
            if let Err(error) = converse(stream, peer, router, stop).await {
                tracing::debug!(%peer, %error, "connection broke off");
            }
            drop(connection);
        });
    }
    drop((listener, connection));
    let finished = timeout(grace, running.closed()).await;
    let left = timeout(GOODBYE, places.acquire_many(MAX_CONNECTIONS)).await;
    if finished.is_err() || left.is_err() {
        let cut = MAX_CONNECTIONS as usize - places.available_permits();
        tracing::warn!("stopping with {cut} connections still open");
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // A socket that serves both families shows IPv4 peers as ::ffff:a.b.c.d.
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                return (stream, peer, place);
            }
            Err(error) if is_about_the_peer(&error) => {}
            Err(error) => {
                // Most likely out of file descriptors: some have to be closed first.
                tracing::error!(%error, "cannot accept connections");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn is_about_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}

/// Answers the requests of one connection.
async fn converse(
    stream: Stream,
    peer: SocketAddr,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> hyper::Result<()> {
    // Answers are small and written at once; waiting for more to send would only delay them.
    if let Err(error) = stream.stream.inner().set_nodelay(true) {
        tracing::debug!(%peer, %error, "cannot set TCP_NODELAY");
    }
    let stopping = Stopping(Some(stop.clone()));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(stopping.clone());
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(MAX_HEAD)
        .serve_connection(stream, service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        _ = stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

/// A connection with its place among the [`MAX_CONNECTIONS`]. The two stay together when the
/// connection is handed over to a WebSocket, so that these are counted as well.
struct Stream {
    stream: TokioIo<TcpStream>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{StatusCode, header};
    use axum::response::{IntoResponse, Response};
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::task::JoinHandle;
    use tokio::time::Instant;

    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    struct Server {
        address: SocketAddr,
        stop: watch::Sender<bool>,
        ended: JoinHandle<()>,
    }

    async fn start() -> Server {
        let router = Router::new()
            .route("/peer", get(async |peer: ConnectInfo<SocketAddr>| peer.0.ip().to_string()))
            .route("/slow", get(async || sleep(Duration::from_millis(300)).await))
            .route("/stuck", get(std::future::pending::<()>))
            .route("/echo", get(echo));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let ended = tokio::spawn(serve(listener, router, stopped, GRACE));
        Server { address, stop, ended }
    }

    /// Leaves HTTP and sends back what it gets, as a WebSocket endpoint would.
    async fn echo(request: axum::extract::Request) -> Response {
        tokio::spawn(async move {
            let mut stream = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
            let mut word = [0; 5];
            while stream.read_exact(&mut word).await.is_ok() {
                stream.write_all(&word).await.unwrap();
            }
        });
        let headers = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "echo")];
        (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
    }

    async fn send(server: &Server, request: &str) -> TcpStream {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        client
    }

    /// What the server says until it closes the connection.
    async fn rest(mut client: TcpStream) -> String {
        let mut text = Vec::new();
        // A reset is an end as well.
        let _ = client.read_to_end(&mut text).await;
        String::from_utf8(text).unwrap()
    }

    #[tokio::test]
    async fn a_handler_learns_who_is_calling() {
        let server = start().await;
        let request = "GET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let answer = rest(send(&server, request).await).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("127.0.0.1"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_finishes_its_request_is_hung_up_on() {
        let server = start().await;
        let started = Instant::now();
        rest(send(&server, "GET /peer HTTP/1.1\r\nhost: x\r\nx-slow: ").await).await;
        assert!(started.elapsed() < HEAD_WITHIN + Duration::from_secs(1));
    }

    #[tokio::test]
    async fn a_head_beyond_all_measure_is_refused() {
        let server = start().await;
        let mut request = "GET /peer HTTP/1.1\r\nx: ".to_owned();
        request += &"x".repeat(MAX_HEAD - request.len());
        assert!(rest(send(&server, &request).await).await.starts_with("HTTP/1.1 431"));
    }

    #[tokio::test]
    async fn when_the_server_stops_a_running_request_gets_its_answer_and_a_new_one_no_connection() {
        let server = start().await;
        let idle = send(&server, "").await;
        let running = send(&server, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
        sleep(Duration::from_millis(100)).await;
        server.stop.send(true).unwrap();
        assert!(rest(running).await.starts_with("HTTP/1.1 200"));
        assert_eq!(rest(idle).await, "");
        server.ended.await.unwrap();
        assert!(TcpStream::connect(server.address).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_never_ends_does_not_keep_the_server_from_stopping() {
        let server = start().await;
        let _stuck = send(&server, "GET /stuck HTTP/1.1\r\nhost: x\r\n\r\n").await;
        sleep(Duration::from_millis(100)).await;
        let started = Instant::now();
        server.stop.send(true).unwrap();
        server.ended.await.unwrap();
        assert!(started.elapsed() <= GRACE + GOODBYE + Duration::from_millis(100));
    }

    #[tokio::test]
    async fn a_connection_can_leave_http_and_ends_with_the_server() {
        let server = start().await;
        let request =
            "GET /echo HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
        let mut client = send(&server, request).await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"));
        let mut word = [0; 5];
        client.write_all(b"hello").await.unwrap();
        client.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"hello");

        server.stop.send(true).unwrap();
        timeout(GOODBYE * 2, server.ended).await.unwrap().unwrap();
    }
}
