//! The roles of processes and people, as their certificates carry them.

use std::fmt;

use rustls_pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// Before a role's name in the URI of a certificate.
const PREFIX: &str = "urn:tickermill:";

/// What a certificate's holder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It holds an output and gives shards out.
    Coordinator,
    /// It computes shards.
    Worker,
    /// It serves models.
    Predictor,
    /// It submits runs, reads features and asks for predictions.
    Client,
    /// It asks how many workers are wanted.
    Scaler,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [
        Self::Coordinator,
        Self::Worker,
        Self::Predictor,
        Self::Client,
        Self::Scaler,
    ];

    /// The role's name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Coordinator => "coordinator",
            Self::Worker => "worker",
            Self::Predictor => "predictor",
            Self::Client => "client",
            Self::Scaler => "scaler",
        }
    }

    /// What a certificate of the role has among the URIs of its alternative names: `urn:tickermill:ROLE`.
    pub fn uri(self) -> String {
        format!("{PREFIX}{self}")
    }

    /// The role of a certificate; `None` where it has none, more than one, or one that is not known.
    pub fn of_certificate(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = parse_x509_certificate(certificate).ok()?;
        let names = certificate.subject_alternative_name().ok()??;
        let mut roles = names
            .value
            .general_names
            .iter()
            .filter_map(|name| match name {
                GeneralName::URI(uri) => uri.strip_prefix(PREFIX),
                _ => None,
            });
        let role = roles.next()?;
        if roles.next().is_some() {
            return None;
        }
        Self::ALL.into_iter().find(|known| known.name() == role)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
