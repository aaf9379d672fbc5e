//! What TLS needs to know: who we are, whom we trust, and what name we expect. rustls with ring; reads no file.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

/// Who one side of TLS is, whom it trusts, and whom it expects.
#[derive(Clone)]
pub struct TlsSettings {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    name: Option<ServerName<'static>>,
}

/// The settings of TLS cannot be used: a lowercase phrase.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(pub String);

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key is inside.
        f.debug_struct("TlsSettings").field("name", &self.name).finish_non_exhaustive()
    }
}

impl TlsSettings {
    /// Settings from texts in PEM (RFC 7468): our certificate with what it is signed by, its key, and the
    /// certificates that we trust. With `clients_too` the other end has to show a certificate as well, as
    /// RFC 6733 section 13.1 wants of Diameter peers.
    ///
    /// # Errors
    /// A text holds no certificate or key, or the key does not belong to the certificate.
    pub fn from_pem(chain: &[u8], key: &[u8], trusted: &[u8], clients_too: bool) -> Result<Self, TlsError> {
        let certificates = |what: &str, pem: &[u8]| {
            let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
            match read {
                Ok(read) if !read.is_empty() => Ok(read),
                Ok(_) => Err(TlsError(format!("there is no certificate among {what}"))),
                Err(error) => Err(TlsError(format!("{what} cannot be read: {error}"))),
            }
        };
        let chain = certificates("our own certificates", chain)?;
        let trusted = certificates("the trusted certificates", trusted)?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| TlsError(format!("the key cannot be read: {error}")))?;
        Self::new(chain, key, trusted, clients_too)
    }

    /// A certificate of our own making for these names and addresses, trusted by ourselves alone, made now: for
    /// tests and first steps. The first name is the one that is expected.
    ///
    /// # Errors
    /// A name is none.
    pub fn self_signed(names: &[&str]) -> Result<Self, TlsError> {
        let owned: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(owned)
            .map_err(|error| TlsError(format!("a certificate cannot be made: {error}")))?;
        let certificate = cert.der().clone();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der())
            .map_err(|error| TlsError(format!("a key cannot be made: {error}")))?;
        let made = Self::new(vec![certificate.clone()], key, vec![certificate], false)?;
        match names.first() {
            Some(name) => made.expecting(name),
            None => Ok(made),
        }
    }

    /// The name, or the address, that a server has to prove; without it the address that is connected to.
    ///
    /// # Errors
    /// It is no name.
    pub fn expecting(mut self, name: &str) -> Result<Self, TlsError> {
        let name = ServerName::try_from(name.to_owned());
        self.name = Some(name.map_err(|error| TlsError(format!("the expected name is none: {error}")))?);
        Ok(self)
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        trusted: Vec<CertificateDer<'static>>,
        clients_too: bool,
    ) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let failed = |what: &'static str| move |error: rustls::Error| TlsError(format!("{what}: {error}"));
        let mut roots = RootCertStore::empty();
        for certificate in trusted {
            roots.add(certificate).map_err(failed("a trusted certificate cannot be used"))?;
        }
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(failed("TLS cannot be used"))?
            .with_root_certificates(roots.clone())
            .with_client_auth_cert(chain.clone(), key.clone_key())
            .map_err(failed("our own certificate cannot be used"))?;
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(failed("TLS cannot be used"))?;
        let server = if clients_too {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            server.with_client_cert_verifier(
                verifier.map_err(|error| TlsError(format!("clients cannot be checked: {error}")))?,
            )
        } else {
            server.with_no_client_auth()
        };
        let server =
            server.with_single_cert(chain, key).map_err(failed("our own certificate cannot be used"))?;
        Ok(Self { server: Arc::new(server), client: Arc::new(client), name: None })
    }

    /// The side that connects.
    pub(crate) fn client(&self, to: IpAddr) -> io::Result<rustls::Connection> {
        let name = self.name.clone().unwrap_or_else(|| ServerName::IpAddress(to.into()));
        let mut connection =
            ClientConnection::new(Arc::clone(&self.client), name).map_err(io::Error::other)?;
        // What waits is bounded by whoever sends.
        connection.set_buffer_limit(None);
        Ok(connection.into())
    }

    /// The side that is connected to.
    pub(crate) fn server(&self) -> io::Result<rustls::Connection> {
        let mut connection = ServerConnection::new(Arc::clone(&self.server)).map_err(io::Error::other)?;
        connection.set_buffer_limit(None);
        Ok(connection.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_named() {
        let error = TlsSettings::from_pem(b"", b"", b"", false).unwrap_err();
        assert_eq!(error.to_string(), "there is no certificate among our own certificates");
        assert!(TlsSettings::self_signed(&["tollgate.test", "127.0.0.1"]).is_ok());
        assert!(TlsSettings::self_signed(&["tollgate.test"]).unwrap().expecting("no name").is_err());
    }
}
