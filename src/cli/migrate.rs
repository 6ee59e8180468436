//! `rolecall migrate`: the steps that `rolecall serve` would do at its start, on their own.

use crate::app::{self, StartError};
use crate::config::Config;

/// Brings the database to the current model and prints what was applied.
pub(super) fn run(config: &Config) -> Result<(), StartError> {
    let applied = super::runtime()?.block_on(migrate(config))?;
    if applied.is_empty() {
        return super::print("nothing to apply: the database is up to date\n");
    }
    applied.iter().try_for_each(|step| super::print(&format!("applied {step}\n")))
}

/// The names of the steps that were applied.
async fn migrate(config: &Config) -> Result<Vec<String>, StartError> {
    let db = app::connect(config).await?;
    let applied = app::migrate(&db).await?;
    db.close()
        .await
        .map_err(|error| StartError::Other(format!("cannot close the database: {error}")))?;
    Ok(applied)
}
