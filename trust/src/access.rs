//! What callers may ask. Pure: a table.

use crate::role::Role;
use crate::tokens::Tokens;

/// Who asks, as far as it has been proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The role of its certificate, which a trusted authority has signed; `None` without one.
    pub role: Option<Role>,
    /// What its token is worth.
    pub token: Token,
}

/// What a token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// There is none.
    Absent,
    /// It is one of ours.
    Good,
    /// It is none of ours.
    Bad,
}

impl Token {
    /// Judges the header `authorization`.
    pub fn judge(header: Option<&str>, tokens: Option<&Tokens>) -> Self {
        let Some(header) = header else {
            return Self::Absent;
        };
        let Some(tokens) = tokens else {
            return Self::Bad;
        };
        let token = header
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        match token {
            Some((_, token)) if tokens.accept(token.trim()) => Self::Good,
            _ => Self::Bad,
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// To take shards, and to deliver them.
    Work,
    /// To submit runs, follow and cancel them, to read features, and to have predictions made.
    Use,
    /// How many workers are wanted.
    Scale,
}

impl Ask {
    /// The roles that may ask it.
    fn roles(self) -> &'static [Role] {
        match self {
            Self::Work => &[Role::Worker],
            Self::Use => &[Role::Client],
            Self::Scale => &[Role::Scaler, Role::Client],
        }
    }
}

/// What a process demands of its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Whether connections are encrypted, so that certificates can prove a role.
    pub tls: bool,
    /// Whether there are tokens.
    pub tokens: bool,
}

/// A caller may not ask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nothing proves who it is.
    #[error("who asks this needs {needed}")]
    Unknown {
        /// What would.
        needed: String,
    },
    /// Its token is none of ours.
    #[error("the token is not one of those that are accepted here")]
    BadToken,
    /// Its certificate is of another role.
    #[error("a certificate of the role `{role}` may not ask this: it needs {needed}")]
    WrongRole {
        /// The certificate's.
        role: Role,
        /// What would do.
        needed: String,
    },
}

impl Policy {
    /// Whether a caller may ask this.
    ///
    /// Without encryption and tokens everybody may ask everything. With encryption a certificate of a role that fits is
    /// needed, or a good token, which is worth as much as a client's certificate. With tokens alone, clients need one, and
    /// workers are not known from others. A bad token is refused whatever else there is.
    pub fn check(self, caller: Caller, ask: Ask) -> Result<(), Denied> {
        if caller.token == Token::Bad && self != Self::OPEN {
            return Err(Denied::BadToken);
        }
        let roles = ask.roles();
        let by_role = caller.role.is_some_and(|role| roles.contains(&role));
        let token_counts = roles.contains(&Role::Client);
        let by_token = token_counts && caller.token == Token::Good;
        let unguarded = !self.tls && (!self.tokens || !token_counts);
        if by_role || by_token || unguarded {
            return Ok(());
        }
        let needed = self.needed(roles, token_counts);
        Err(match caller.role {
            Some(role) => Denied::WrongRole { role, needed },
            None => Denied::Unknown { needed },
        })
    }

    const OPEN: Self = Self {
        tls: false,
        tokens: false,
    };

    fn needed(self, roles: &[Role], token_counts: bool) -> String {
        let mut ways = Vec::new();
        if self.tls {
            let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            ways.push(format!("a certificate of the role {}", names.join(" or ")));
        }
        if self.tokens && token_counts {
            ways.push("a token as `authorization: Bearer TOKEN`".to_owned());
        }
        ways.join(", or ")
    }
}

#[cfg(test)]
mod tests {
    use super::{Ask, Caller, Denied, Policy, Token};
    use crate::role::Role;

    const ENCRYPTED: Policy = Policy {
        tls: true,
        tokens: true,
    };

    fn caller(role: Option<Role>, token: Token) -> Caller {
        Caller { role, token }
    }

    #[test]
    fn each_role_may_ask_what_it_is_for_and_nothing_else() {
        for role in Role::ALL {
            for ask in [Ask::Work, Ask::Use, Ask::Scale] {
                let may = matches!(
                    (role, ask),
                    (Role::Worker, Ask::Work)
                        | (Role::Client, Ask::Use | Ask::Scale)
                        | (Role::Scaler, Ask::Scale)
                );
                let checked = ENCRYPTED.check(caller(Some(role), Token::Absent), ask);
                assert_eq!(checked.is_ok(), may, "{role} {ask:?}");
                if !may {
                    assert!(matches!(checked, Err(Denied::WrongRole { .. })));
                }
            }
        }
    }

    #[test]
    fn a_good_token_is_a_client_and_a_bad_one_is_refused_even_with_a_certificate() {
        let good = caller(None, Token::Good);
        assert_eq!(ENCRYPTED.check(good, Ask::Use), Ok(()));
        assert_eq!(ENCRYPTED.check(good, Ask::Scale), Ok(()));
        assert!(ENCRYPTED.check(good, Ask::Work).is_err());
        let bad = caller(Some(Role::Client), Token::Bad);
        assert_eq!(ENCRYPTED.check(bad, Ask::Use), Err(Denied::BadToken));
    }

    #[test]
    fn who_proves_nothing_is_told_what_it_needs() {
        let nobody = caller(None, Token::Absent);
        let denied = ENCRYPTED.check(nobody, Ask::Use).unwrap_err().to_string();
        assert!(denied.contains("role client") && denied.contains("Bearer"));
        let denied = ENCRYPTED.check(nobody, Ask::Work).unwrap_err().to_string();
        assert!(denied.contains("role worker") && !denied.contains("Bearer"));
    }

    #[test]
    fn without_encryption_tokens_guard_clients_and_without_both_nobody_is_asked() {
        let nobody = caller(None, Token::Absent);
        let tokens = Policy {
            tls: false,
            tokens: true,
        };
        assert!(tokens.check(nobody, Ask::Use).is_err());
        assert_eq!(tokens.check(caller(None, Token::Good), Ask::Use), Ok(()));
        assert_eq!(tokens.check(nobody, Ask::Work), Ok(()));
        let open = Policy::OPEN;
        for ask in [Ask::Work, Ask::Use, Ask::Scale] {
            assert_eq!(open.check(nobody, ask), Ok(()));
            assert_eq!(open.check(caller(None, Token::Bad), ask), Ok(()));
        }
    }
}
