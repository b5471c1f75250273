//! Certificates and tokens for processes of a test.

use std::path::{Path, PathBuf};
use std::process::Command;

use trust::Trust;
use trust::tls::{Credentials, Files, OwnFiles};
use trust::tokens::Tokens;

/// Gives a command what it trusts, and the certificate of a role where one is named, from a folder of certificates.
pub fn give(command: &mut Command, certs: &Path, role: Option<&str>) {
    command.env("TICKERMILL__TLS__CA", certs.join("ca.pem"));
    if let Some(role) = role {
        let file = |end: &str| certs.join(format!("{role}.{end}"));
        command
            .env("TICKERMILL__TLS__CERTIFICATE", file("pem"))
            .env("TICKERMILL__TLS__KEY", file("key"));
    }
}

/// The same for a client within the test.
pub fn trust(certs: &Path, role: Option<&str>, tokens: Option<&Path>) -> Trust {
    let own = role.map(|role| OwnFiles {
        certificate: certs.join(format!("{role}.pem")),
        key: certs.join(format!("{role}.key")),
    });
    let files = Files {
        ca: certs.join("ca.pem"),
        own,
    };
    let load = |path: &Path| Tokens::load(path).expect("the test wrote it");
    Trust {
        credentials: Some(Credentials::load(&files).expect("the test wrote them")),
        tokens: tokens.map(load),
    }
}

/// A folder with the certificates of an authority's folder, made anew: good for a day from `day` on, in days since
/// 1970-01-01.
pub fn reissued(authority: &Path, folder: PathBuf, day: i64) -> PathBuf {
    std::fs::create_dir(&folder).expect("the folder is new");
    for file in ["ca.pem", "ca.key"] {
        std::fs::copy(authority.join(file), folder.join(file)).expect("it can be copied");
    }
    let order = trust::certs::Order {
        names: Vec::new(),
        days: 1,
        now: time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(day),
    };
    trust::certs::write(&folder, &order).expect("certificates can be made");
    folder
}
