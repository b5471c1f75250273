//! A private authority, and a certificate for each role by it: for clusters without a public key infrastructure of their
//! own, and for tests.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

use crate::role::Role;

/// How long the authority is good.
const CA_DAYS: i64 = 3650;
/// Certificates are good from a little earlier on, for clocks that differ.
const CLOCK_SLACK: Duration = Duration::hours(1);
/// Under these names a process on the same machine asks any role.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What is to be made.
#[derive(Debug, Clone)]
pub struct Order {
    /// The names, or addresses, under which the coordinator and the predictor are dialled.
    pub names: Vec<String>,
    /// For how many days the certificates are good.
    pub days: u32,
    /// From when on.
    pub now: OffsetDateTime,
}

/// The authority or its certificates cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CertsError {
    /// A file cannot be read or written.
    #[error("cannot {operation} {path}: {source}")]
    File {
        /// `read` or `write`.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is one half of an authority.
    #[error(
        "{present} is there without {missing}: put it back, or move both away for a new authority"
    )]
    HalfAuthority {
        /// The file that is there.
        present: PathBuf,
        /// The one that is not.
        missing: PathBuf,
    },
    /// What is there is no authority.
    #[error("{path} is no certificate of an authority with its key: {source}")]
    BadAuthority {
        /// The certificate's file.
        path: PathBuf,
        /// Why.
        source: rcgen::Error,
    },
    /// A certificate cannot have this name.
    #[error("`{0}` is not a name or an address under which a process can be dialled")]
    BadName(String),
    /// The certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
}

/// Writes `ROLE.pem` and `ROLE.key` of each role into the folder, by the authority `ca.pem` there, which is made with its
/// `ca.key` where there is none. Certificates that are there are replaced. Returns the files written, in order.
///
/// Keys can be read by their owner alone. Whoever has `ca.key` can make certificates that are trusted: it is not needed
/// where processes run.
pub fn write(folder: &Path, order: &Order) -> Result<Vec<PathBuf>, CertsError> {
    let names = sans(&order.names)?;
    create_folder(folder)?;
    let mut written = Vec::new();
    let authority = authority(folder, order, &mut written)?;
    for role in Role::ALL {
        let key = KeyPair::generate()?;
        let listens_for_others = matches!(role, Role::Coordinator | Role::Predictor);
        let mut params = params(role.name(), order.now, order.days.into());
        params.subject_alt_names = sans(&LOCAL_NAMES.map(str::to_owned))?;
        if listens_for_others {
            params.subject_alt_names.extend(names.iter().cloned());
        }
        let uri = Ia5String::try_from(role.uri())?;
        params.subject_alt_names.push(SanType::URI(uri));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &authority)?;
        let file = |end: &str| folder.join(format!("{role}.{end}"));
        put(
            &file("key"),
            &key.serialize_pem(),
            Secret::Yes,
            &mut written,
        )?;
        put(&file("pem"), &certificate.pem(), Secret::No, &mut written)?;
    }
    Ok(written)
}

/// The authority of the folder.
fn authority(
    folder: &Path,
    order: &Order,
    written: &mut Vec<PathBuf>,
) -> Result<Issuer<'static, KeyPair>, CertsError> {
    let (certificate, key) = (folder.join("ca.pem"), folder.join("ca.key"));
    match (read(&certificate)?, read(&key)?) {
        (Some(pem), Some(key)) => {
            let bad = |source| CertsError::BadAuthority {
                path: certificate.clone(),
                source,
            };
            let key = KeyPair::from_pem(&key).map_err(bad)?;
            Issuer::from_ca_cert_pem(&pem, key).map_err(bad)
        }
        (Some(_), None) => Err(CertsError::HalfAuthority {
            present: certificate,
            missing: key,
        }),
        (None, Some(_)) => Err(CertsError::HalfAuthority {
            present: key,
            missing: certificate,
        }),
        (None, None) => {
            let pair = KeyPair::generate()?;
            let mut params = params("authority", order.now, CA_DAYS);
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            let pem = params.self_signed(&pair)?.pem();
            put(&key, &pair.serialize_pem(), Secret::Yes, written)?;
            put(&certificate, &pem, Secret::No, written)?;
            Ok(Issuer::new(params, pair))
        }
    }
}

fn params(name: &str, now: OffsetDateTime, days: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Tickermill");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = now - CLOCK_SLACK;
    params.not_after = now + Duration::days(days);
    params
}

fn sans(names: &[String]) -> Result<Vec<SanType>, CertsError> {
    let san = |name: &String| match name.parse::<IpAddr>() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) if is_dns_name(name) => Ok(SanType::DnsName(Ia5String::try_from(name.as_str())?)),
        Err(_) => Err(CertsError::BadName(name.clone())),
    };
    names.iter().map(san).collect()
}

fn is_dns_name(name: &str) -> bool {
    rustls_pki_types::DnsName::try_from(name).is_ok()
}

#[derive(Clone, Copy)]
enum Secret {
    Yes,
    No,
}

fn create_folder(folder: &Path) -> Result<(), CertsError> {
    std::fs::create_dir_all(folder).map_err(|source| failed("write", folder, source))
}

fn read(path: &Path) -> Result<Option<String>, CertsError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed("read", path, source)),
    }
}

/// Writes a file; a key is readable by its owner alone from its first moment on.
fn put(
    path: &Path,
    text: &str,
    secret: Secret,
    written: &mut Vec<PathBuf>,
) -> Result<(), CertsError> {
    use std::os::unix::fs::OpenOptionsExt;
    let mode = match secret {
        Secret::Yes => 0o600,
        Secret::No => 0o644,
    };
    let put = || -> std::io::Result<()> {
        let staged = path.with_extension("new");
        let removed = std::fs::remove_file(&staged);
        if let Err(error) = removed
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&staged)?;
        file.write_all(text.as_bytes())?;
        std::fs::rename(&staged, path)
    };
    put().map_err(|source| failed("write", path, source))?;
    written.push(path.to_owned());
    Ok(())
}

fn failed(operation: &'static str, path: &Path, source: std::io::Error) -> CertsError {
    CertsError::File {
        operation,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;
    use time::OffsetDateTime;

    use super::{CertsError, Order, write};
    use crate::role::Role;
    use crate::tls::{Credentials, Files, OwnFiles, TlsError};

    fn order(names: &[&str]) -> Order {
        Order {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            days: 30,
            now: OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000),
        }
    }

    fn files(folder: &Path, certificate: &str, key: &str) -> Files {
        Files {
            ca: folder.join("ca.pem"),
            own: Some(OwnFiles {
                certificate: folder.join(certificate),
                key: folder.join(key),
            }),
        }
    }

    #[test]
    fn each_role_has_a_certificate_that_says_so_and_fits_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let written = write(folder.path(), &order(&["coordinator", "10.0.0.7"])).unwrap();
        assert_eq!(written.len(), 2 + 2 * Role::ALL.len());
        for path in &written {
            let mode = path.metadata().unwrap().permissions().mode();
            let secret = path.extension().unwrap() == "key";
            assert_eq!(mode & 0o777, if secret { 0o600 } else { 0o644 });
        }
        for role in Role::ALL {
            let name = |end: &str| format!("{role}.{end}");
            let certificate = CertificateDer::from_pem_file(folder.path().join(name("pem")));
            assert_eq!(Role::of_certificate(&certificate.unwrap()), Some(role));
            Credentials::load(&files(folder.path(), &name("pem"), &name("key"))).unwrap();
        }
        let ca = CertificateDer::from_pem_file(folder.path().join("ca.pem")).unwrap();
        assert_eq!(Role::of_certificate(&ca), None);
        let mixed = Credentials::load(&files(folder.path(), "worker.pem", "client.key"));
        assert!(matches!(mixed, Err(TlsError::Unfit { .. })));
        let no_pem = Credentials::load(&files(folder.path(), "worker.key", "worker.key"));
        assert!(matches!(no_pem, Err(TlsError::NotPem { .. })));
    }

    #[test]
    fn certificates_are_made_anew_by_the_same_authority() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &order(&[])).unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let (ca, worker) = (read("ca.pem"), read("worker.pem"));
        let written = write(folder.path(), &order(&[])).unwrap();
        assert_eq!(written.len(), 2 * Role::ALL.len());
        assert_eq!(read("ca.pem"), ca);
        assert_ne!(read("worker.pem"), worker);
        std::fs::remove_file(folder.path().join("ca.key")).unwrap();
        let error = write(folder.path(), &order(&[])).unwrap_err();
        assert!(matches!(error, CertsError::HalfAuthority { .. }));
    }

    #[test]
    fn a_name_that_cannot_be_dialled_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("x"), &order(&["http://host"])).unwrap_err();
        assert!(matches!(error, CertsError::BadName(name) if name == "http://host"));
        assert!(!folder.path().join("x").exists(), "nothing is written");
    }
}
