//! The files by which a website says which apps may open its links: Apple's `apple-app-site-association`
//! and Android's `assetlinks.json`. They are the operator's; we serve them as they are.

use std::path::Path;

use crate::config::{Config, ConfigError};

/// The files, read once at start.
#[derive(Clone, Debug, Default)]
pub struct Associations {
    /// For Apple's systems.
    pub apple: Option<String>,
    /// For Android.
    pub android: Option<String>,
}

impl Associations {
    /// Reads the files that the settings name.
    ///
    /// # Errors
    /// The setting whose file cannot be read or is not JSON: a phone would tell nobody.
    pub fn load(config: &Config) -> Result<Self, ConfigError> {
        let read = |setting, path: &Option<std::path::PathBuf>| {
            path.as_deref().map(|path| json(setting, path)).transpose()
        };
        Ok(Self {
            apple: read("APPLE_APP_SITE_ASSOCIATION", &config.apple_app_site_association)?,
            android: read("ANDROID_ASSET_LINKS", &config.android_asset_links)?,
        })
    }
}

fn json(setting: &'static str, path: &Path) -> Result<String, ConfigError> {
    let wrong = |accepts: String| ConfigError::new(setting, &path.display().to_string(), accepts);
    let text = std::fs::read_to_string(path)
        .map_err(|error| wrong(format!("a JSON file that can be read ({error})")))?;
    match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(wrong(format!("a file that is JSON, but it has {error}"))),
    }
}
