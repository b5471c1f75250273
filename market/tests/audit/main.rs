//! The leak audit: what ships passes, and every planted leak is found.
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod planted;
mod shipped;
mod tickers;
