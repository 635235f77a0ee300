//! The platform's signing key.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use ed25519_dalek::{
    SigningKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, spki::der::pem::LineEnding},
};
use jsonwebtoken::{DecodingKey, EncodingKey};
use postlude_kernel::Clock;

use super::{Signer, Verifier};
use crate::secret::{NoEntropy, random_bytes};

/// An Ed25519 key pair. Every process of one platform has the same.
#[derive(Clone)]
pub struct Key(SigningKey);

/// The key can't be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read or written.
    #[error("the identity key file {} can't be used", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The text is no key.
    #[error("the identity key is not an Ed25519 private key in PKCS #8 PEM")]
    Format,
    /// No randomness for a new one.
    #[error("no new identity key")]
    Entropy(#[from] NoEntropy),
}

impl Key {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyError::Entropy`] if the system gives no random bytes.
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self(SigningKey::from_bytes(&random_bytes()?)))
    }

    /// Reads a key from PKCS #8 PEM.
    ///
    /// # Errors
    /// [`KeyError::Format`] if it is none.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        SigningKey::from_pkcs8_pem(pem)
            .map(Self)
            .map_err(|_invalid| KeyError::Format)
    }

    /// Reads the key in a file; makes both, readable by the owner alone, if there is no file.
    ///
    /// # Errors
    /// [`KeyError`] if the file can't be used.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        let file_error = |source| KeyError::File {
            path: path.to_owned(),
            source,
        };
        match std::fs::read_to_string(path) {
            Ok(pem) => return Self::from_pem(&pem),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(file_error(error)),
        }
        let key = Self::generate()?;
        let pem = key
            .0
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|_invalid| KeyError::Format)?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(mut file) => {
                file.write_all(pem.as_bytes())
                    .and_then(|()| file.sync_all())
                    .map_err(file_error)?;
                Ok(key)
            }
            // Another process of the platform was faster: its key is the platform's.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let pem = std::fs::read_to_string(path).map_err(file_error)?;
                Self::from_pem(&pem)
            }
            Err(error) => Err(file_error(error)),
        }
    }

    /// What mints tokens with this key.
    ///
    /// # Errors
    /// [`KeyError::Format`] if the key can't be encoded.
    pub fn signer(&self, clock: Arc<dyn Clock>) -> Result<Signer, KeyError> {
        let der = self.0.to_pkcs8_der().map_err(|_invalid| KeyError::Format)?;
        Ok(Signer {
            key: Arc::new(EncodingKey::from_ed_der(der.as_bytes())),
            clock,
        })
    }

    /// What checks tokens that this key signed.
    #[must_use]
    pub fn verifier(&self, clock: Arc<dyn Clock>) -> Verifier {
        Verifier {
            key: Arc::new(DecodingKey::from_ed_der(self.0.verifying_key().as_bytes())),
            clock,
        }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}
