//! `rolecall serve`: from the settings to the last answered request.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::app::trusted_documents::{TrustedDocuments, wrong};
use crate::app::{App, StartError, email_domain_check, signing_keys};
use crate::clock::{Random, SystemClock};
use crate::config::{Config, ConfigError, LogFormat, Mode, reachable};
use crate::graphql::documents;
use crate::graphql::limits::Limits;
use crate::http::{self, server};
use crate::mail::worker;

/// How long running requests get to finish when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// How long work in the background gets to finish after that; what it was about is taken up again by
/// the next process.
const WORKER_GRACE: Duration = Duration::from_secs(5);

/// How long such work rests after it broke off.
const WORKER_PAUSE: Duration = Duration::from_secs(5);

/// Serves until the process is told to stop (SIGTERM, SIGINT).
pub(super) fn run(config: Config) -> Result<(), StartError> {
    let traces = super::log::start(&config, module_path!())?;
    let threads = available_parallelism().map_or(1, NonZero::get);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.map_err(|error| StartError::Other(format!("cannot start: {error}")))?;
    let ended = runtime.block_on(serve(config));
    // Whatever still runs is work whose client was told nothing.
    runtime.shutdown_timeout(Duration::from_secs(1));
    traces.finish();
    ended
}

async fn serve(mut config: Config) -> Result<(), StartError> {
    let mut stop = stop_signal()
        .map_err(|error| StartError::Other(format!("cannot listen for signals: {error}")))?;
    let (listener, address) = bind(config.listen).await?;
    config.public_url_follows(address);
    check_documents(&config)?;
    let welcome = welcome(&config, address);

    // Whoever stops the process while it waits for its database does not wait with it; a migration
    // that is cut short is rolled back.
    let app = tokio::select! {
        app = App::start(config, Arc::new(SystemClock), Random::system()) => Arc::new(app?),
        _ = stop.wait_for(|stop| *stop) => return Ok(()),
    };
    tracing::info!("listening on http://{address}");
    let _ = io::stderr().write_all(welcome.as_bytes());

    let mail = tokio::spawn(keep_going("the mail worker", worker::run, &app, &stop));
    let domains = keep_going("the look at domains", email_domain_check::run, &app, &stop);
    let domains = tokio::spawn(domains);
    // It does nothing that it would be a loss to break off.
    tokio::spawn(keep_going("the look at the signing keys", signing_keys::run, &app, &stop));
    server::serve(listener, http::router(Arc::clone(&app)), stop, GRACE).await;
    if timeout(WORKER_GRACE, mail).await.is_err() {
        tracing::warn!("stopping in the middle of sending a mail");
    }
    if timeout(WORKER_GRACE, domains).await.is_err() {
        tracing::warn!("stopping in the middle of looking a domain up");
    }
    app.db
        .close_by_ref()
        .await
        .map_err(|error| StartError::Other(format!("cannot close the database: {error}")))?;
    tracing::info!("stopped");
    Ok(())
}

/// A document that cannot be executed is told before the database is touched, not when a client sends it.
fn check_documents(config: &Config) -> Result<(), ConfigError> {
    let trusted = TrustedDocuments::load(config)?.unwrap_or_default();
    match documents::fault(&trusted, &Limits::from(&config.api)) {
        None => Ok(()),
        Some((id, reason)) => {
            let path = config.api.trusted_documents.as_deref().unwrap_or_else(|| "".as_ref());
            Err(wrong(path, format!("documents without faults, but of {id:?}: {reason}")))
        }
    }
}

/// Opens the port; answers the address too, whose port may have been chosen by the system.
async fn bind(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let listener = TcpListener::bind(listen).await;
    let bound = listener.and_then(|listener| listener.local_addr().map(|addr| (listener, addr)));
    bound.map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::AddrInUse => "another program uses this address".to_owned(),
            _ => error.to_string(),
        };
        StartError::Other(format!("cannot serve on LISTEN={listen}: {reason}"))
    })
}

/// What a developer wants to open next; nothing in production or among JSON lines.
fn welcome(config: &Config, address: SocketAddr) -> String {
    if config.mode == Mode::Production || config.log_format == LogFormat::Json {
        return String::new();
    }
    let address = reachable(address);
    let mail = match config.smtp_url {
        None => format!("Mailbox   http://{address}/mailbox"),
        Some(_) => "Mail      goes out through SMTP_URL".to_owned(),
    };
    let graphiql = if config.api.graphiql {
        format!("GraphiQL  http://{address}/graphiql\n  ")
    } else {
        String::new()
    };
    format!("\n  {graphiql}{mail}\n\n")
}

/// Keeps work in the background going: a bug that ends it must not end all mail until the next start.
fn keep_going<F: Future<Output = ()> + Send + 'static>(
    name: &'static str,
    work: fn(Arc<App>, watch::Receiver<bool>) -> F,
    app: &Arc<App>,
    stop: &watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send + 'static {
    let (app, mut stop) = (Arc::clone(app), stop.clone());
    async move {
        while let Err(error) = tokio::spawn(work(Arc::clone(&app), stop.clone())).await {
            tracing::error!(%error, "{name} broke off; it starts again");
            let stopped = stop.wait_for(|stop| *stop);
            if timeout(WORKER_PAUSE, stopped).await.is_ok() {
                return;
            }
        }
    }
}

/// True once the process is told to stop.
#[cfg(unix)]
fn stop_signal() -> io::Result<watch::Receiver<bool>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("stopping (SIGTERM)"),
            _ = interrupt.recv() => tracing::info!("stopping (SIGINT)"),
        }
        stop.send_replace(true);
    });
    Ok(stopped)
}

/// True once the process is told to stop.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "cannot listen for Ctrl-C");
            std::future::pending::<()>().await;
        }
        stop.send_replace(true);
    });
    Ok(stopped)
}
