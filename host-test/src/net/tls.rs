//! TLS trust: the machine's certificate authorities, and those that a tenant adds.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::Failure;

/// The protocols to negotiate: HTTP/2 if the server supports it.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Certificates of authorities that are trusted in addition to the machine's own.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CaCertificates(Vec<CertificateDer<'static>>);

impl CaCertificates {
    /// Reads the certificates of a PEM file, which must have at least one. Ignores anything else
    /// in it.
    pub fn from_pem(pem: &[u8]) -> Result<CaCertificates, CaCertificatesError> {
        let certificates = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| CaCertificatesError::NotPem)?;
        if certificates.is_empty() {
            return Err(CaCertificatesError::None);
        }
        for (index, certificate) in certificates.iter().enumerate() {
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|_| CaCertificatesError::NotACertificate { number: index + 1 })?;
        }
        Ok(CaCertificates(certificates))
    }
}

impl fmt::Debug for CaCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaCertificates({})", self.0.len())
    }
}

/// Why a file has no usable certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaCertificatesError {
    /// It begins like PEM, but is not valid PEM.
    NotPem,
    /// There is no certificate in it.
    None,
    /// One of the certificates can't be used.
    NotACertificate {
        /// Which one, counted from 1.
        number: usize,
    },
}

impl fmt::Display for CaCertificatesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CaCertificatesError::NotPem => f.write_str("this is not PEM"),
            CaCertificatesError::None => f.write_str("there is no certificate in PEM in it"),
            CaCertificatesError::NotACertificate { number } => {
                write!(f, "certificate {number} can't be read")
            }
        }
    }
}

impl std::error::Error for CaCertificatesError {}

/// The TLS configuration for a tenant's server. Certificates are read at the first handshake.
pub(super) struct Tls {
    added: CaCertificates,
    /// The tenant's own configuration, if it has added authorities. Otherwise it uses the common
    /// one.
    own: OnceLock<Option<Arc<ClientConfig>>>,
}

impl Tls {
    pub(super) fn new(added: CaCertificates) -> Tls {
        Tls { added, own: OnceLock::new() }
    }

    /// Returns the configuration; fails if there are no trusted authorities.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, Failure> {
        // All tenants without their own authorities share one configuration, because it is large.
        // They also share its TLS sessions for resumption, which are stored per server.
        static COMMON: OnceLock<Option<Arc<ClientConfig>>> = OnceLock::new();
        let config = if self.added.0.is_empty() {
            COMMON.get_or_init(|| config(machine()))
        } else {
            self.own.get_or_init(|| {
                let mut roots = RootCertStore::clone(machine());
                roots.add_parsable_certificates(self.added.0.iter().cloned());
                config(&Arc::new(roots))
            })
        };
        config.clone().ok_or(Failure::NoAuthorities)
    }
}

/// Returns the authorities that this machine trusts. They are read once per process; those that
/// can't be read are not trusted.
fn machine() -> &'static Arc<RootCertStore> {
    static MACHINE: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    MACHINE.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    })
}

/// Creates a configuration; returns `None` if there are no trusted authorities.
fn config(roots: &Arc<RootCertStore>) -> Option<Arc<ClientConfig>> {
    if roots.is_empty() {
        return None;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        // This can't fail: the provider has cipher suites for these versions.
        .ok()?
        .with_root_certificates(Arc::clone(roots))
        .with_no_client_auth();
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Some(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_authorities_there_is_no_configuration() {
        assert!(config(&Arc::new(RootCertStore::empty())).is_none());
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        let refused = |pem: &str| CaCertificates::from_pem(pem.as_bytes()).expect_err("a refusal");
        assert_eq!(refused(""), CaCertificatesError::None);
        assert_eq!(refused("a roster\n"), CaCertificatesError::None);
        let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert_eq!(refused(cut), CaCertificatesError::NotPem);
        let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(refused(other), CaCertificatesError::NotACertificate { number: 1 });
    }

    #[test]
    fn a_certificate_is_accepted() {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("one");
        let taken = CaCertificates::from_pem(key.cert.pem().as_bytes()).expect("certificates");
        assert!(Tls::new(taken).config().is_ok());
    }
}
