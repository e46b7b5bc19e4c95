//! TLS for PostgreSQL connections, with the parameters of libpq: `sslmode`, `sslrootcert`, `sslcert`, `sslkey`.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::db::DbError;

/// How strictly the server's certificate is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verification {
    /// `prefer`, and `require` without `sslrootcert`: encrypted, but the certificate is not verified, as in libpq.
    None,
    /// `verify-ca`, and `require` with `sslrootcert`.
    Authority,
    /// `verify-full`
    AuthorityAndName,
}

/// The files that a URL names.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    pub(super) root: Option<String>,
    pub(super) certificate: Option<String>,
    pub(super) key: Option<String>,
}

/// # Errors
/// A file cannot be read or contains no certificate or key.
pub(super) fn client_config(verification: Verification, files: &Files) -> Result<ClientConfig, DbError> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match verification {
        Verification::None => Arc::new(Lenient { provider: provider.clone(), authority: None }),
        Verification::Authority => {
            let authority = authority(&provider, files)?;
            Arc::new(Lenient { provider: provider.clone(), authority: Some(authority) })
        }
        Verification::AuthorityAndName => authority(&provider, files)?,
    };
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(DbError::other)?.dangerous().with_custom_certificate_verifier(verifier);
    match (&files.certificate, &files.key) {
        (Some(certificate), Some(key)) => {
            config.with_client_auth_cert(certificates(certificate)?, private_key(key)?).map_err(DbError::other)
        }
        (None, None) => Ok(config.with_no_client_auth()),
        _ => Err(DbError::other("DATABASE_URL: sslcert and sslkey belong together")),
    }
}

fn authority(provider: &Arc<CryptoProvider>, files: &Files) -> Result<Arc<WebPkiServerVerifier>, DbError> {
    let mut roots = RootCertStore::empty();
    match &files.root {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| unreadable(path, error))?;
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().map_err(DbError::other)
}

fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, DbError> {
    let found = CertificateDer::pem_file_iter(Path::new(path)).map_err(|error| unreadable(path, error))?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|error| unreadable(path, error))?;
    if found.is_empty() { Err(unreadable(path, "it holds no certificate")) } else { Ok(found) }
}

fn private_key(path: &str) -> Result<PrivateKeyDer<'static>, DbError> {
    PrivateKeyDer::from_pem_file(Path::new(path)).map_err(|error| unreadable(path, error))
}

fn unreadable(path: &str, error: impl std::fmt::Display) -> DbError {
    DbError::other(format!("DATABASE_URL: {path}: {error}"))
}

/// Accepts a certificate for another host name and, without an authority, any certificate. Signatures of the handshake
/// are still verified.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    authority: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        match authority.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
