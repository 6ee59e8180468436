//! Keys that come and go while the server runs (R61).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::App;
use crate::auth::keys::Keyring;

/// How long a server may go without having seen that a key was put there, or taken away.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Looks at the key files again and again, until the process is told to stop. While they are not as they
/// should be, the server keeps the keys that it has.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut told = None;
    while timeout(LOOK_EVERY, stop.wait_for(|stop| *stop)).await.is_err() {
        let reading = Arc::clone(&app);
        match spawn_blocking(move || Keyring::reread(&reading.config)).await {
            Ok(Ok(ring)) => {
                take_over(&app, ring);
                told = None;
            }
            Ok(Err(error)) => {
                let error = error.to_string();
                if told.as_ref() != Some(&error) {
                    tracing::warn!("the signing keys stay as they were: {error}");
                }
                told = Some(error);
            }
            Err(error) => tracing::error!(%error, "reading the signing keys broke off"),
        }
    }
}

fn take_over(app: &App, ring: Keyring) {
    if app.keys.ring().is(&ring) {
        return;
    }
    let kids: Vec<&str> = ring.iter().map(|key| key.kid.as_str()).collect();
    tracing::info!(keys = kids.join(" "), "the signing keys have changed");
    app.keys.replace(ring);
}
