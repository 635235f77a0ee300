//! The platform's signing key.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use ed25519_dalek::{
    SigningKey, VerifyingKey,
    pkcs8::{
        DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey,
        spki::der::pem::LineEnding,
    },
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
    /// The text is no public key.
    #[error("a trusted key is not an Ed25519 public key in PEM")]
    PublicFormat,
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
        // Whole or not at all: whoever looks meanwhile must not read half a key. A new temporary file is
        // its owner's alone.
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(file_error)?;
        file.write_all(pem.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .map_err(file_error)?;
        match file.persist_noclobber(path) {
            Ok(_kept) => Ok(key),
            // Another process of the platform was faster: its key is the platform's.
            Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => {
                let pem = std::fs::read_to_string(path).map_err(file_error)?;
                Self::from_pem(&pem)
            }
            Err(failed) => Err(file_error(failed.error)),
        }
    }

    /// What mints tokens with this key.
    ///
    /// # Errors
    /// [`KeyError::Format`] if the key can't be encoded.
    pub fn signer(&self, clock: Arc<dyn Clock>) -> Result<Signer, KeyError> {
        let key = Arc::new(ArcSwap::from_pointee(self.encoding()?));
        Ok(Signer { key, clock })
    }

    /// What checks tokens that this key signed.
    #[must_use]
    pub fn verifier(&self, clock: Arc<dyn Clock>) -> Verifier {
        let keys = Arc::new(ArcSwap::from_pointee(vec![self.public().decoding()]));
        Verifier { keys, clock }
    }

    /// What others need to check this key's tokens.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(super) fn encoding(&self) -> Result<EncodingKey, KeyError> {
        let der = self.0.to_pkcs8_der().map_err(|_invalid| KeyError::Format)?;
        Ok(EncodingKey::from_ed_der(der.as_bytes()))
    }
}

/// The public half of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads a key from SubjectPublicKeyInfo PEM.
    ///
    /// # Errors
    /// [`KeyError::PublicFormat`] if it is none.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        VerifyingKey::from_public_key_pem(pem)
            .map(Self)
            .map_err(|_invalid| KeyError::PublicFormat)
    }

    /// The key as PEM.
    ///
    /// # Errors
    /// [`KeyError::PublicFormat`] if it can't be encoded.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        self.0
            .to_public_key_pem(LineEnding::LF)
            .map_err(|_invalid| KeyError::PublicFormat)
    }

    pub(super) fn decoding(&self) -> DecodingKey {
        DecodingKey::from_ed_der(self.0.as_bytes())
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}
