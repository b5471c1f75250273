//! Bearer tokens: for clients that have no certificate.

use std::fmt;
use std::path::{Path, PathBuf};

/// The fewest characters of a token.
const MIN_CHARACTERS: usize = 16;

/// The tokens of a file, any of which is good.
#[derive(Clone)]
pub struct Tokens {
    first: String,
    hashes: Vec<blake3::Hash>,
}

/// A file of tokens cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It cannot be read.
    #[error("cannot read the tokens of {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is no token.
    #[error(
        "{path}, line {line}: a token has at least {MIN_CHARACTERS} visible ASCII characters: `openssl rand -hex 32` makes one"
    )]
    Unfit {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// There are none.
    #[error("{path} has no token")]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

impl Tokens {
    /// Reads a file with a token a line. Blank lines, and those that begin with `#`, mean nothing. While tokens are
    /// replaced a file has the new one and, after it, the old one.
    pub fn load(path: &Path) -> Result<Self, TokensError> {
        let text = std::fs::read_to_string(path).map_err(|source| TokensError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let lines = text.lines().map(str::trim).enumerate();
        let mut tokens = Vec::new();
        for (place, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            if line.len() < MIN_CHARACTERS || !line.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(TokensError::Unfit {
                    path: path.to_owned(),
                    line: place + 1,
                });
            }
            tokens.push(line);
        }
        let first = tokens.first().ok_or_else(|| TokensError::Empty {
            path: path.to_owned(),
        })?;
        Ok(Self {
            first: (*first).to_owned(),
            hashes: tokens.iter().map(|token| hash(token)).collect(),
        })
    }

    /// Whether this is one of the tokens. How long it takes says nothing of how much of one it is.
    pub fn accept(&self, token: &str) -> bool {
        let hash = hash(token);
        // Hashes are compared in a time that does not depend on them, and every one is.
        self.hashes.iter().filter(|known| **known == hash).count() > 0
    }

    /// What a client with this file sends as the header `authorization`: the first of the tokens.
    pub fn header(&self) -> String {
        format!("Bearer {}", self.first)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} tokens", self.hashes.len())
    }
}

fn hash(token: &str) -> blake3::Hash {
    blake3::hash(token.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Tokens, TokensError};

    const OLD: &str = "0123456789abcdef0";
    const NEW: &str = "fedcba9876543210f";

    fn load(text: &str) -> Result<Tokens, TokensError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        std::fs::write(&path, text).unwrap();
        Tokens::load(&path)
    }

    #[test]
    fn any_token_of_the_file_is_good_and_the_first_is_sent() {
        let tokens = load(&format!("# new\n{NEW}\n\n  {OLD}  \n")).unwrap();
        assert!(tokens.accept(NEW) && tokens.accept(OLD));
        assert!(!tokens.accept("") && !tokens.accept(&NEW[1..]));
        assert_eq!(tokens.header(), format!("Bearer {NEW}"));
        assert_eq!(format!("{tokens:?}"), "2 tokens");
    }

    #[test]
    fn a_file_without_good_tokens_is_refused_without_telling_them() {
        assert!(matches!(load("# none\n"), Err(TokensError::Empty { .. })));
        for bad in ["short", "has a blank in its middle", "hätte Umlaute darin"] {
            let error = load(&format!("{OLD}\n{bad}\n")).unwrap_err();
            assert!(matches!(error, TokensError::Unfit { line: 2, .. }));
            assert!(!error.to_string().contains(bad));
        }
        let missing = Tokens::load(std::path::Path::new("/nowhere/tokens"));
        assert!(matches!(missing, Err(TokensError::Unreadable { .. })));
    }
}
