//! The Ed25519 keys that sign access tokens, and their public halves for everybody else (R61).
//!
//! Rotation: put a new file in front of `SIGNING_KEYS` and restart. The newest key signs, every key
//! is accepted; once the last token of an old key has expired, its file may go. Nobody is signed out.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::clock::Random;
use crate::config::ConfigError;

const ACCEPTS: &str = "PEM files with unencrypted PKCS#8 Ed25519 private keys, as \
     `openssl genpkey -algorithm ed25519` writes them";

/// The file of the key that the server makes for itself.
const MADE_KEY: &str = "signing-key.pem";

/// The file of the key that a server keeps in this directory.
#[must_use]
pub fn made_in(dir: &Path) -> PathBuf {
    dir.join(MADE_KEY)
}

/// One key pair.
pub struct Key {
    /// The key's name in tokens and in the key set: its thumbprint (RFC 7638), base64url.
    pub kid: String,
    /// The same as bytes.
    pub(super) thumbprint: [u8; 32],
    /// The private key (RFC 8032 §5.1.5).
    pub(super) seed: [u8; 32],
    /// The private key, for signing tokens.
    pub(super) encoding: EncodingKey,
    /// The public key, for checking them.
    pub(super) decoding: DecodingKey,
    /// The public key, base64url: `x` of RFC 8037 §2.
    x: String,
}

impl Key {
    fn from_pair(pair: &Ed25519KeyPair) -> Option<Self> {
        let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key());
        // RFC 7638 §3.2, RFC 8037 §2: these members, in this order, without white space.
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let thumbprint: [u8; 32] = Sha256::digest(canonical).into();
        Some(Self {
            kid: BASE64_URL_SAFE_NO_PAD.encode(thumbprint),
            thumbprint,
            seed: pair.seed().ok()?.as_be_bytes().ok()?.as_ref().try_into().ok()?,
            encoding: EncodingKey::from_ed_der(pair.to_pkcs8v1().ok()?.as_ref()),
            decoding: DecodingKey::from_ed_der(pair.public_key().as_ref()),
            x,
        })
    }
}

/// Shows which key it is, never the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// The keys of this server, newest first; there is at least one.
#[derive(Debug)]
pub struct Keyring {
    newest: Key,
    older: Vec<Key>,
}

impl Keyring {
    /// The keys of these PEM files, in this order; a file may hold several.
    ///
    /// # Errors
    /// When a file cannot be read or holds anything but PKCS#8 Ed25519 private keys.
    pub fn load(paths: &[PathBuf]) -> Result<Self, ConfigError> {
        let mut keys = Vec::new();
        for path in paths {
            keys.extend(read_keys(path).map_err(|reason| ConfigError {
                setting: "SIGNING_KEYS",
                got: format!("\"{}\", which {reason}", path.display()),
                accepts: ACCEPTS.to_owned(),
            })?);
        }
        let mut keys = keys.into_iter();
        match keys.next() {
            Some(newest) => Ok(Self { newest, older: keys.collect() }),
            None => Err(ConfigError::new("SIGNING_KEYS", "", ACCEPTS)),
        }
    }

    /// The key kept in `dir`, made at the first start. Processes that start at once end up with the
    /// same key.
    ///
    /// # Errors
    /// When the directory cannot be written to, or what is there is no key.
    pub fn load_or_create(dir: &Path, random: &Random) -> Result<Self, ConfigError> {
        let path = made_in(dir);
        if !path.exists() {
            create(dir, &path, random).map_err(|error| ConfigError {
                setting: "DATA_DIR",
                got: format!("\"{}\", where {MADE_KEY} cannot be made ({error})", dir.display()),
                accepts: "a directory that the server may write to".to_owned(),
            })?;
        }
        Self::load(&[path])
    }

    /// The one key of this seed: for tests, where it gives the same tokens every time.
    #[must_use]
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "any 32 bytes are a seed")]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("any 32 bytes are a seed");
        let newest = Key::from_pair(&pair).expect("an Ed25519 key can be written down");
        Self { newest, older: Vec::new() }
    }

    /// The key that signs.
    #[must_use]
    pub fn newest(&self) -> &Key {
        &self.newest
    }

    /// The key of this name.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&Key> {
        self.iter().find(|key| key.kid == kid)
    }

    /// The keys that are still accepted beside the newest, newer ones first.
    #[must_use]
    pub fn older(&self) -> &[Key] {
        &self.older
    }

    fn iter(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.newest).chain(&self.older)
    }

    /// The public keys as a JWK set (RFC 7517 §5, RFC 8037 §2).
    #[must_use]
    pub fn jwks(&self) -> Value {
        let keys: Vec<Value> = self
            .iter()
            .map(|key| {
                json!({
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "use": "sig",
                    "alg": "EdDSA",
                    "kid": key.kid,
                    "x": key.x,
                })
            })
            .collect();
        json!({ "keys": keys })
    }
}

/// The keys of one PEM file (RFC 7468); the error continues "the file, which …".
fn read_keys(path: &Path) -> Result<Vec<Key>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot be read ({error})"))?;
    let mut keys = Vec::new();
    for section in text.split("-----BEGIN ").skip(1) {
        let (label, rest) = section.split_once("-----").ok_or("is cut short")?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----")).ok_or("is cut short")?;
        if label != "PRIVATE KEY" {
            return Err(format!("holds {label:?} instead of \"PRIVATE KEY\""));
        }
        let body: String = body.split_ascii_whitespace().collect();
        let der = BASE64_STANDARD.decode(body).map_err(|_| "is not valid base64")?;
        let pair = Ed25519KeyPair::from_pkcs8(&der).map_err(|_| "holds a key of another kind")?;
        keys.push(Key::from_pair(&pair).ok_or("holds a key of another kind")?);
    }
    if keys.is_empty() {
        return Err("holds no key".to_owned());
    }
    Ok(keys)
}

/// Makes a key at `path`, unless somebody else was faster.
fn create(dir: &Path, path: &Path, random: &Random) -> io::Result<()> {
    crate::config::private_directory(dir)?;
    let unfinished = dir.join(format!(".{MADE_KEY}.{:016x}", u64::from_ne_bytes(random.bytes())));
    let linked = write_key(&unfinished, random.bytes()).and_then(|()| {
        // A link appears with its whole contents or, where the name is taken, not at all.
        match fs::hard_link(&unfinished, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            result => result,
        }
    });
    let removed = fs::remove_file(&unfinished);
    linked.and(removed)
}

/// Writes the key of this seed to a new file that only its owner may read.
fn write_key(path: &Path, seed: [u8; 32]) -> io::Result<()> {
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(io::Error::other)?;
    let der = pair.to_pkcs8v1().map_err(io::Error::other)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // 48 bytes make one line of 64 characters, the longest that RFC 7468 allows.
    let body = BASE64_STANDARD.encode(der);
    writeln!(file, "-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

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

    /// RFC 8037, appendix A.1 to A.3.
    #[test]
    fn the_thumbprint_is_that_of_the_rfcs_own_example() {
        let seed =
            BASE64_URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let keys = Keyring::from_seed(seed.try_into().unwrap());
        assert_eq!(
            keys.jwks(),
            json!({ "keys": [{
                "kty": "OKP",
                "crv": "Ed25519",
                "use": "sig",
                "alg": "EdDSA",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            }] })
        );
    }

    #[test]
    fn keys_made_by_openssl_are_taken_in_their_order_several_to_a_file_included() {
        let dir = tempfile::tempdir().unwrap();
        let old = openssl_key(dir.path(), "old.pem", "ed25519");
        let new = openssl_key(dir.path(), "new.pem", "ed25519");
        let kid_of = |path| Keyring::load(std::slice::from_ref(path)).unwrap().newest.kid;

        let keys = Keyring::load(&[new.clone(), old.clone()]).unwrap();
        assert_eq!(keys.newest().kid, kid_of(&new));
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
        assert_eq!(first.newest().kid, second.newest().kid);

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
            let start = || Keyring::load_or_create(dir.path(), &Random::system()).unwrap();
            let servers: Vec<_> = (0..16).map(|_| scope.spawn(start)).collect();
            servers.into_iter().map(|server| server.join().unwrap().newest.kid).collect()
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
    fn a_keyring_in_a_log_shows_no_key() {
        let shown = format!("{:?}", Keyring::from_seed([77; 32]));
        assert!(shown.contains("kid") && !shown.contains("77"), "{shown}");
    }
}
