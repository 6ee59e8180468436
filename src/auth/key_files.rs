//! The files of the keys: reading them, and making the first and the next (R61).

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};

use super::keys::{Key, Keyring};
use crate::clock::Random;
use crate::config::{Config, ConfigError};

const ACCEPTS: &str = "PEM files with unencrypted PKCS#8 Ed25519 private keys, as \
     `openssl genpkey -algorithm ed25519` writes them";

/// The file of the key that the server makes for itself.
const MADE_KEY: &str = "signing-key.pem";

/// What stands in front of a key in its file (RFC 7468 §5.2 allows it) if it is to sign later.
const SIGNS_FROM: &str = "Signs from ";

/// A key and the file that it is in.
pub type Filed = (Key, PathBuf);

impl Keyring {
    /// The keys of these settings; where none are named, they are in `DATA_DIR`, and the first is made if
    /// there is none.
    ///
    /// # Errors
    /// When a file cannot be read or holds anything but PKCS#8 Ed25519 private keys.
    pub fn of(config: &Config, random: &Random) -> Result<Self, ConfigError> {
        match &config.signing_keys {
            Some(paths) => Self::load(paths),
            None => Self::load_or_create(&config.data_dir, random),
        }
    }

    /// The keys of these PEM files, in this order; a file may hold several.
    ///
    /// # Errors
    /// When a file cannot be read or holds anything but PKCS#8 Ed25519 private keys.
    pub fn load(paths: &[PathBuf]) -> Result<Self, ConfigError> {
        Self::from_files(named(paths)?)
    }

    /// The keys kept in `dir`, the first of which is made at the first start. Processes that start at
    /// once end up with the same key.
    ///
    /// # Errors
    /// When the directory cannot be written to, or what is there is no key.
    pub fn load_or_create(dir: &Path, random: &Random) -> Result<Self, ConfigError> {
        if paths(dir).is_empty() {
            create(dir, &dir.join(MADE_KEY), None, random).map_err(|error| ConfigError {
                setting: "DATA_DIR",
                got: format!("\"{}\", where {MADE_KEY} cannot be made ({error})", dir.display()),
                accepts: "a directory that the server may write to".to_owned(),
            })?;
        }
        Self::from_files(kept(dir)?)
    }

    /// The keys of these settings as they are now in their files.
    ///
    /// # Errors
    /// When a file cannot be read or holds anything but PKCS#8 Ed25519 private keys.
    pub fn reread(config: &Config) -> Result<Self, ConfigError> {
        Self::from_files(filed(config)?)
    }

    fn from_files(keys: Vec<Filed>) -> Result<Self, ConfigError> {
        let keys = keys.into_iter().map(|(key, _)| key);
        Self::new(keys).ok_or_else(|| ConfigError::new("SIGNING_KEYS", "", ACCEPTS))
    }
}

/// The keys of these settings with their files, newest first.
///
/// # Errors
/// When a file cannot be read or holds anything but PKCS#8 Ed25519 private keys.
pub fn filed(config: &Config) -> Result<Vec<Filed>, ConfigError> {
    match &config.signing_keys {
        Some(paths) => named(paths),
        None => kept(&config.data_dir),
    }
}

/// Makes a key that signs from an instant on; with `path` in this new file, else in `dir`. Answers where
/// it is, and its name.
///
/// # Errors
/// When the file is there already, or cannot be written.
pub fn make_next(
    dir: &Path,
    path: Option<PathBuf>,
    signs_from: DateTime<Utc>,
    random: &Random,
) -> Result<(PathBuf, String), ConfigError> {
    let named = || dir.join(signs_from.format("signing-key-%Y%m%dT%H%M%SZ.pem").to_string());
    let (setting, path) = path.map_or_else(|| ("DATA_DIR", named()), |path| ("--out", path));
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or_else(|| Path::new("."));
    let wrong = |reason: &str| ConfigError {
        setting,
        got: format!("\"{}\", {reason}", path.display()),
        accepts: "a place for a new file that the program may write to".to_owned(),
    };
    let made = create(parent, &path, Some(signs_from), random)
        .map_err(|error| wrong(&format!("which cannot be written ({error})")))?;
    let kid = made.ok_or_else(|| wrong("which is there already"))?;
    Ok((path, kid))
}

/// The keys of these files, in this order.
fn named(paths: &[PathBuf]) -> Result<Vec<Filed>, ConfigError> {
    let mut keys = Vec::new();
    for path in paths {
        let read = read_keys(path).map_err(|reason| ConfigError {
            setting: "SIGNING_KEYS",
            got: format!("\"{}\", which {reason}", path.display()),
            accepts: ACCEPTS.to_owned(),
        })?;
        keys.extend(read.into_iter().map(|key| (key, path.clone())));
    }
    Ok(keys)
}

/// The keys in a directory, the one that signs last first.
fn kept(dir: &Path) -> Result<Vec<Filed>, ConfigError> {
    let mut keys = named(&paths(dir))?;
    keys.sort_by_key(|(key, _)| std::cmp::Reverse(key.signs_from));
    Ok(keys)
}

/// The key files in a directory, by name.
fn paths(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let is_key = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("signing-key") && path.extension().is_some_and(|end| end == "pem")
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_key).collect();
    paths.sort();
    paths
}

/// The keys of one PEM file (RFC 7468); the error continues "the file, which …".
fn read_keys(path: &Path) -> Result<Vec<Key>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot be read ({error})"))?;
    let mut keys = Vec::new();
    let mut sections = text.split("-----BEGIN ");
    let mut before = sections.next().unwrap_or_default();
    for section in sections {
        let (label, rest) = section.split_once("-----").ok_or("is cut short")?;
        let (body, after) =
            rest.split_once(&format!("-----END {label}-----")).ok_or("is cut short")?;
        if label != "PRIVATE KEY" {
            return Err(format!("holds {label:?} instead of \"PRIVATE KEY\""));
        }
        let body: String = body.split_ascii_whitespace().collect();
        let der = BASE64_STANDARD.decode(body).map_err(|_| "is not valid base64")?;
        let pair = Ed25519KeyPair::from_pkcs8(&der).map_err(|_| "holds a key of another kind")?;
        let signs_from = before.lines().find_map(|line| line.strip_prefix(SIGNS_FROM));
        let signs_from = signs_from.map(|time| time.trim().parse()).transpose();
        let signs_from = signs_from.map_err(|_| {
            format!("has no instant behind \"{SIGNS_FROM}\", such as 2026-11-21T12:00:00Z")
        })?;
        keys.push(Key::from_pair(&pair, signs_from).ok_or("holds a key of another kind")?);
        before = after;
    }
    if keys.is_empty() {
        return Err("holds no key".to_owned());
    }
    Ok(keys)
}

/// Makes a key at `path`, unless somebody else was faster; answers its name.
fn create(
    dir: &Path,
    path: &Path,
    signs_from: Option<DateTime<Utc>>,
    random: &Random,
) -> io::Result<Option<String>> {
    crate::config::private_directory(dir)?;
    let unfinished = dir.join(format!(".{MADE_KEY}.{:016x}", u64::from_ne_bytes(random.bytes())));
    let linked = write_key(&unfinished, random.bytes(), signs_from).and_then(|kid| {
        // A link appears with its whole contents or, where the name is taken, not at all.
        match fs::hard_link(&unfinished, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
            result => result.map(|()| Some(kid)),
        }
    });
    let removed = fs::remove_file(&unfinished);
    linked.and_then(|kid| removed.map(|()| kid))
}

/// Writes the key of this seed to a new file that only its owner may read; answers its name.
fn write_key(path: &Path, seed: [u8; 32], signs_from: Option<DateTime<Utc>>) -> io::Result<String> {
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(io::Error::other)?;
    let key = Key::from_pair(&pair, signs_from).ok_or_else(|| io::Error::other("no key"))?;
    let der = pair.to_pkcs8v1().map_err(io::Error::other)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    if let Some(from) = signs_from {
        writeln!(file, "{SIGNS_FROM}{}", from.to_rfc3339_opts(SecondsFormat::Secs, true))?;
    }
    // 48 bytes make one line of 64 characters, the longest that RFC 7468 allows.
    let body = BASE64_STANDARD.encode(der);
    writeln!(file, "-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----")?;
    file.sync_all()?;
    Ok(key.kid)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn openssl_key(dir: &Path, name: &str, algorithm: &str) -> PathBuf {
        let path = dir.join(name);
        let made = Command::new("openssl")
            .args(["genpkey", "-algorithm", algorithm, "-out"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(made.status.success());
        path
    }

    #[test]
    fn keys_made_by_openssl_are_taken_in_their_order_several_to_a_file_included() {
        let dir = tempfile::tempdir().unwrap();
        let old = openssl_key(dir.path(), "old.pem", "ed25519");
        let new = openssl_key(dir.path(), "new.pem", "ed25519");
        let kid_of =
            |path| Keyring::load(std::slice::from_ref(path)).unwrap().signing(noon()).kid.clone();

        let keys = Keyring::load(&[new.clone(), old.clone()]).unwrap();
        assert_eq!(keys.signing(noon()).kid, kid_of(&new));
        assert!(keys.find(&kid_of(&old)).is_some());
        assert!(keys.find("somebody else's").is_none());

        let both = dir.path().join("both.pem");
        let text = [&new, &old].map(|path| fs::read_to_string(path).unwrap()).concat();
        fs::write(&both, text).unwrap();
        assert_eq!(Keyring::load(&[both]).unwrap().jwks(), keys.jwks());
    }

    #[test]
    fn a_file_that_is_no_key_is_named_with_what_would_be_one() {
        let dir = tempfile::tempdir().unwrap();
        let rsa = openssl_key(dir.path(), "rsa.pem", "RSA");
        let good = fs::read_to_string(openssl_key(dir.path(), "good.pem", "ed25519")).unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        for (path, reason) in [
            (rsa, "another kind"),
            (dir.path().join("absent.pem"), "cannot be read"),
            (write("empty.pem", ""), "no key"),
            (write("cut.pem", &good[..60]), "cut short"),
            (write("scrambled.pem", &good.replace('M', "!")), "base64"),
            (write("ssh.pem", &good.replace("PRIVATE", "OPENSSH PRIVATE")), "OPENSSH"),
        ] {
            let error = Keyring::load(std::slice::from_ref(&path)).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
            assert!(error.contains(path.file_name().unwrap().to_str().unwrap()), "{error}");
            assert!(error.contains("openssl genpkey -algorithm ed25519"), "{error}");
        }
    }

    #[test]
    fn the_first_start_makes_a_key_and_later_ones_keep_it() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let first = Keyring::load_or_create(&data, &Random::system()).unwrap();
        let second = Keyring::load_or_create(&data, &Random::system()).unwrap();
        assert_eq!(first.signing(noon()).kid, second.signing(noon()).kid);

        let path = data.join(MADE_KEY);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let seen = Command::new("openssl").args(["pkey", "-noout", "-in"]).arg(&path).output();
        assert!(seen.unwrap().status.success());
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "nothing half-made is left behind");
    }

    #[test]
    fn servers_that_start_at_once_agree_on_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let kids: Vec<String> = std::thread::scope(|scope| {
            let start = || {
                let keys = Keyring::load_or_create(dir.path(), &Random::system()).unwrap();
                keys.signing(noon()).kid.clone()
            };
            let servers: Vec<_> = (0..16).map(|_| scope.spawn(start)).collect();
            servers.into_iter().map(|server| server.join().unwrap()).collect()
        });
        assert!(kids.iter().all(|kid| *kid == kids[0]), "{kids:?}");
    }

    #[test]
    fn a_directory_that_cannot_be_written_to_is_a_matter_of_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a file, no directory");
        fs::write(&file, "").unwrap();
        let error = Keyring::load_or_create(&file, &Random::system()).unwrap_err();
        assert_eq!(error.setting, "DATA_DIR");
    }

    #[test]
    fn the_next_key_is_kept_beside_the_first_and_signs_when_its_time_has_come() {
        let dir = tempfile::tempdir().unwrap();
        let random = Random::system();
        let first = Keyring::load_or_create(dir.path(), &random).unwrap();
        let first = &first.signing(noon()).kid;
        let (path, next) = make_next(dir.path(), None, noon(), &random).unwrap();
        let keys = Keyring::load_or_create(dir.path(), &random).unwrap();
        let kids: Vec<&str> = keys.iter().map(|key| key.kid.as_str()).collect();
        assert_eq!(kids, [&next, first]);
        assert_eq!(keys.signing(noon() - chrono::TimeDelta::seconds(1)).kid, *first);
        assert_eq!(keys.signing(noon()).kid, next);
        let seen = Command::new("openssl").args(["pkey", "-noout", "-in"]).arg(&path).output();
        assert!(seen.unwrap().status.success(), "openssl reads it, too");

        let taken = make_next(dir.path(), None, noon(), &random).unwrap_err().to_string();
        assert!(taken.contains("there already"), "{taken}");
        // The first one may go: none is made in its place.
        fs::remove_file(dir.path().join(MADE_KEY)).unwrap();
        let keys = Keyring::load_or_create(dir.path(), &random).unwrap();
        assert_eq!(keys.iter().map(|key| &key.kid).collect::<Vec<_>>(), [&next]);

        let text = fs::read_to_string(&path).unwrap().replace("Signs from 2026", "Signs from noon");
        fs::write(&path, text).unwrap();
        let error = Keyring::load(&[path]).unwrap_err().to_string();
        assert!(error.contains("2026-11-21T12:00:00Z"), "{error}");
    }
}
