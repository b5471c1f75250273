//! Who may talk: certificates that carry a role, tokens, and what each of them may ask.

use access::{Caller, Policy, Token};
use role::Role;
use tls::Credentials;
use tokens::Tokens;

pub mod access;
pub mod certs;
pub mod role;
pub mod tls;
pub mod tokens;

/// What a process proves itself with and demands of others.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// For encrypted connections; without them nothing is encrypted.
    pub credentials: Option<Credentials>,
    /// What clients may send in place of a certificate.
    pub tokens: Option<Tokens>,
}

impl Trust {
    /// What it demands of its callers.
    pub fn policy(&self) -> Policy {
        Policy {
            tls: self.credentials.is_some(),
            tokens: self.tokens.is_some(),
        }
    }

    /// Who a caller is, by the role of its certificate and its header `authorization`.
    pub fn judge(&self, role: Option<Role>, authorization: Option<&str>) -> Caller {
        Caller {
            role,
            token: Token::judge(authorization, self.tokens.as_ref()),
        }
    }
}
