//! Certificates of an authority that lives as long as a test.

use std::path::{Path, PathBuf};

use postlude_chassis::tls::TlsConfig;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// An authority that everybody in a test trusts, or nobody.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// A new one.
    #[must_use]
    #[allow(
        clippy::new_without_default,
        reason = "each is another one: nothing default about it"
    )]
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Writes a certificate for these names and addresses, its key and the authority's certificate
    /// into a folder, over those that are there.
    pub fn issue(&self, folder: &Path, names: &[&str]) -> TlsConfig {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(names)
            .and_then(|params| params.signed_by(&key, &self.0))
            .expect("a certificate");
        let write = |name: &str, pem: String| -> PathBuf {
            let path = folder.join(name);
            std::fs::write(&path, pem).expect("a file in the test's own folder");
            path
        };
        TlsConfig {
            certificate: write("certificate.pem", certificate.pem()),
            private_key: write("private-key.pem", key.serialize_pem()),
            authority: write("authority.pem", self.0.pem()),
        }
    }
}
