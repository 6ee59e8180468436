//! Changes as they are committed, by this server or another, for those who watch on somebody's behalf
//! (`subscription.rs`).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, broadcast};
use tokio::time::{Instant, timeout_at};

use super::{App, session};
use crate::access::Viewer;
use crate::error::{Error, Result};
use crate::store::changes::{Change, Changes};

/// How many rounds of changes a subscriber may be behind. They are kept once for all subscribers; who falls
/// further back is cut off.
const BEHIND: usize = 256;

type News = Arc<[Change]>;
type Running = Arc<Mutex<Option<broadcast::WeakSender<News>>>>;

/// Tells whoever subscribes what is changed. It listens to the database as long as somebody does.
#[derive(Default)]
pub struct Live(Running);

impl Live {
    /// Everything that is committed from now on.
    async fn news(&self, app: &App) -> Result<broadcast::Receiver<News>> {
        let mut running = self.0.lock().await;
        if let Some(sender) = running.as_ref().and_then(broadcast::WeakSender::upgrade) {
            return Ok(sender.subscribe());
        }
        let changes = Changes::open(&app.db, &app.config.database_url).await?;
        let (sender, receiver) = broadcast::channel(BEHIND);
        *running = Some(sender.downgrade());
        tokio::spawn(pass_on(changes, sender, Arc::clone(&self.0)));
        Ok(receiver)
    }
}

/// Passes changes on until nobody listens any more, or some may have been missed: then every subscriber is
/// cut off with it, and whoever comes back starts from what is there.
async fn pass_on(mut changes: Changes, sender: broadcast::Sender<News>, running: Running) {
    loop {
        match changes.next().await {
            Ok(news) if news.is_empty() => {}
            // Without a receiver, the next look at them ends it.
            Ok(news) => drop(sender.send(news.into())),
            Err(error) => {
                tracing::warn!(%error, "changes were missed; subscribers are cut off");
                return;
            }
        }
        // Whoever is about to subscribe holds the lock.
        let running = running.lock().await;
        if sender.receiver_count() == 0 {
            drop(sender);
            drop(running);
            return;
        }
    }
}

/// Watches on behalf of a person.
pub(super) struct Watch<W> {
    pub(super) app: Arc<App>,
    /// The person, as they were when they were last looked at.
    pub(super) viewer: Arc<Viewer>,
    news: broadcast::Receiver<News>,
    /// Which changes are worth a look.
    wanted: W,
    /// When a look is due without any.
    due: Instant,
}

impl<W: Fn(&Change, &Viewer) -> bool> Watch<W> {
    /// Begins to watch, then looks at the person: nothing falls in between.
    pub(super) async fn begin(app: &Arc<App>, viewer: &Arc<Viewer>, wanted: W) -> Result<Self> {
        let news = app.live.news(app).await?;
        let (app, viewer) = (Arc::clone(app), Arc::clone(viewer));
        let mut watch = Self { app, viewer, news, wanted, due: Instant::now() };
        watch.look().await?;
        Ok(watch)
    }

    /// Looks at the person again: whether their session stands, and what they hold (R27).
    pub(super) async fn look(&mut self) -> Result<()> {
        let (viewer, now) = (&self.viewer, self.app.clock.now());
        let place = viewer.account_id.zip(viewer.organization_id);
        let (user_id, session_id) = (viewer.user_id(), viewer.session_id()?);
        let origin = &viewer.origin;
        let looked = session::viewer(&self.app, origin, user_id, session_id, place, now);
        self.viewer = Arc::new(looked.await?);
        self.due = Instant::now() + Duration::from_secs(self.app.config.live_ping_seconds);
        Ok(())
    }

    /// The next changes that are worth a look; none when it is time to look all the same, because
    /// sessions and assignments also end by themselves.
    pub(super) async fn next(&mut self) -> Result<Vec<Change>> {
        loop {
            let Ok(news) = timeout_at(self.due, self.news.recv()).await else {
                return Ok(Vec::new());
            };
            let news = news.map_err(|_| missed())?;
            let wanted = news.iter().filter(|change| (self.wanted)(change, &self.viewer));
            let wanted: Vec<Change> = wanted.cloned().collect();
            if !wanted.is_empty() {
                return Ok(wanted);
            }
        }
    }
}

fn missed() -> Error {
    Error::Conflict("changes were missed; subscribe again, and ask for what is there now")
}
