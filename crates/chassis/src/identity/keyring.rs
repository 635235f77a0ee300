//! The keys of a process: the one that signs, and those whose tokens are taken. Both are read again
//! while it runs, so that keys rotate without a restart.
//!
//! To rotate: put the new public key into every process' trusted folder; then give the signers the new
//! private key; a minute later, when the last token of the old one has expired, take the old public
//! key away.

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use jsonwebtoken::DecodingKey;
use postlude_kernel::Clock;
use tokio_util::sync::CancellationToken;

use super::{Key, KeyError, PublicKey, Signer, Verifier};
use crate::reload;

/// Where the key that signs comes from.
#[derive(Clone)]
pub enum KeySource {
    /// It was given, and stays.
    Given(Key),
    /// A file, read again.
    File(PathBuf),
    /// A file that is made with a new key if it isn't there.
    Own(PathBuf),
}

/// Keys that follow their files. Cheap to clone.
#[derive(Clone)]
pub struct Keyring {
    source: KeySource,
    trusted: Option<PathBuf>,
    signer: Signer,
    verifier: Verifier,
}

impl Keyring {
    /// Reads the keys. `trusted` is a folder with public keys, `*.pem`, that are taken besides the
    /// own one.
    ///
    /// # Errors
    /// [`KeyError`] if one of them can't be read.
    pub fn open(
        source: KeySource,
        trusted: Option<PathBuf>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyError> {
        let key = source.read()?;
        let keys = Arc::new(ArcSwap::from_pointee(all(&key, trusted.as_ref())?));
        Ok(Self {
            signer: key.signer(Arc::clone(&clock))?,
            verifier: Verifier { keys, clock },
            source,
            trusted,
        })
    }

    /// What mints tokens; it follows the file.
    #[must_use]
    pub fn signer(&self) -> Signer {
        self.signer.clone()
    }

    /// What checks tokens; it follows the files.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.verifier.clone()
    }

    /// Reads the files again. Signers and verifiers that were given out before follow.
    ///
    /// # Errors
    /// [`KeyError`] if one of them can't be read; then all stays as it is.
    pub fn reload(&self) -> Result<(), KeyError> {
        let key = self.source.read()?;
        let keys = all(&key, self.trusted.as_ref())?;
        // First what is taken, then what is sent.
        self.verifier.keys.store(Arc::new(keys));
        self.signer.key.store(Arc::new(key.encoding()?));
        Ok(())
    }

    /// Follows the files until it is stopped.
    pub async fn follow(self, stop: CancellationToken) {
        reload::follow(stop, "keys", move || self.reload()).await;
    }
}

impl KeySource {
    fn read(&self) -> Result<Key, KeyError> {
        match self {
            Self::Given(key) => Ok(key.clone()),
            Self::File(path) => {
                let pem = std::fs::read_to_string(path).map_err(|source| KeyError::File {
                    path: path.clone(),
                    source,
                })?;
                Key::from_pem(&pem)
            }
            Self::Own(path) => Key::load_or_create(path),
        }
    }
}

/// The own public key, and those of the folder.
fn all(key: &Key, trusted: Option<&PathBuf>) -> Result<Vec<DecodingKey>, KeyError> {
    let mut keys = vec![key.public().decoding()];
    let Some(folder) = trusted else {
        return Ok(keys);
    };
    let failed = |path: &PathBuf| {
        let path = path.clone();
        move |source| KeyError::File { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "pem") {
            let pem = std::fs::read_to_string(&path).map_err(failed(&path))?;
            keys.push(PublicKey::from_pem(&pem)?.decoding());
        }
    }
    Ok(keys)
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring")
    }
}
