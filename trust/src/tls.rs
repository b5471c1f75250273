//! Encrypted connections whose both ends can prove who they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::role::Role;

/// Where certificates and keys lie, all in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The certificates of the authorities that are trusted.
    pub ca: PathBuf,
    /// What the process proves itself with; none for a client that has a token instead.
    pub own: Option<OwnFiles>,
}

/// Where a process's own certificate lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFiles {
    /// The certificate, with those between it and the authority after it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What a process proves itself with, and whom it trusts. Read once: a process is started again for new certificates.
///
/// The default trusts nobody, and has nothing to prove itself with.
#[derive(Clone)]
pub struct Credentials {
    roots: Arc<RootCertStore>,
    own: Option<Arc<Own>>,
}

/// A certificate and its key.
struct Own {
    certificate_pem: Vec<u8>,
    key_pem: Vec<u8>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Certificates or keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds something else.
    #[error("{path} has no {wanted} in PEM: {reason}")]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// Why it does not.
        reason: String,
    },
    /// The pieces do not fit together.
    #[error("the certificate {certificate} cannot be used with its key and authority: {source}")]
    Unfit {
        /// The certificate's file.
        certificate: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

impl Credentials {
    /// Reads the files, and checks that they fit together.
    pub fn load(files: &Files) -> Result<Self, TlsError> {
        let ca_pem = read(&files.ca)?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&files.ca, &ca_pem)? {
            let added = roots.add(certificate);
            added.map_err(|error| TlsError::NotPem {
                path: files.ca.clone(),
                wanted: "certificate of an authority",
                reason: error.to_string(),
            })?;
        }
        let own = files.own.as_ref().map(Own::load).transpose()?;
        let credentials = Self {
            roots: Arc::new(roots),
            own: own.map(Arc::new),
        };
        if let Some(own) = &files.own {
            let fits = credentials.try_client();
            fits.map_err(|source| TlsError::Unfit {
                certificate: own.certificate.clone(),
                source,
            })?;
        }
        Ok(credentials)
    }

    /// For who listens, in these protocols of the layer above. Clients without a certificate are let in, for a token may
    /// prove who they are; one whose certificate is not good is not. `None` without a certificate of its own.
    pub fn server(&self, protocols: &[&str]) -> Option<ServerConfig> {
        let own = self.own.as_ref()?;
        let roots = Arc::clone(&self.roots);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
            .allow_unauthenticated()
            .build()
            .expect("there is a trusted authority");
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_client_cert_verifier(verifier)
            .with_single_cert(own.chain.clone(), own.key.clone_key())
            .expect("they were seen to fit");
        let protocols = protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec());
        config.alpn_protocols = protocols.collect();
        Some(config)
    }

    /// For who dials: the other end must have a certificate of a trusted authority for the name that is dialled.
    pub fn client(&self) -> ClientConfig {
        self.try_client().expect("they were seen to fit")
    }

    fn try_client(&self) -> Result<ClientConfig, rustls::Error> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(Arc::clone(&self.roots));
        match &self.own {
            Some(own) => config.with_client_auth_cert(own.chain.clone(), own.key.clone_key()),
            None => Ok(config.with_no_client_auth()),
        }
    }

    /// Judges who is dialled: the certificate has to be of a trusted authority, for the name that is dialled, and of this
    /// role, so that no other role can stand in for it.
    pub fn verifier_of(&self, role: Role) -> Arc<dyn ServerCertVerifier> {
        let roots = Arc::clone(&self.roots);
        let inner = WebPkiServerVerifier::builder_with_provider(roots, provider())
            .build()
            .expect("there is a trusted authority");
        Arc::new(RoleVerifier { inner, role })
    }

    /// The text of the own certificate and of its key.
    pub fn own_pem(&self) -> Option<(&[u8], &[u8])> {
        let own = self.own.as_ref()?;
        Some((&own.certificate_pem, &own.key_pem))
    }
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            roots: Arc::new(RootCertStore::empty()),
            own: None,
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let own = if self.own.is_some() { "its" } else { "no" };
        write!(
            formatter,
            "{} authorities and {own} own certificate",
            self.roots.len()
        )
    }
}

impl Own {
    fn load(files: &OwnFiles) -> Result<Self, TlsError> {
        let (certificate_pem, key_pem) = (read(&files.certificate)?, read(&files.key)?);
        let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|error| TlsError::NotPem {
            path: files.key.clone(),
            wanted: "private key",
            reason: error.to_string(),
        })?;
        Ok(Self {
            chain: certificates(&files.certificate, &certificate_pem)?,
            certificate_pem,
            key_pem,
            key,
        })
    }
}

/// As the usual verifier, for certificates of one role.
#[derive(Debug)]
struct RoleVerifier {
    inner: Arc<WebPkiServerVerifier>,
    role: Role,
}

impl ServerCertVerifier for RoleVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        if Role::of_certificate(end_entity) == Some(self.role) {
            return Ok(verified);
        }
        let other = rustls::CertificateError::ApplicationVerificationFailure;
        Err(other.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let not_pem = |reason: String| TlsError::NotPem {
        path: path.to_owned(),
        wanted: "certificate",
        reason,
    };
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.map_err(|error| not_pem(error.to_string()))?;
    if read.is_empty() {
        return Err(not_pem("there is none".to_owned()));
    }
    Ok(read)
}
