//! A number of a ticker's own, by which it is drawn without regard to other tickers.

/// The first eight bytes of BLAKE3 over `seed` (little-endian) and `symbol`, keyed by `purpose`, so that what is drawn
/// for one purpose says nothing of another.
pub(crate) fn ticker_key(purpose: &str, seed: u64, symbol: &str) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key(purpose);
    hasher.update(&seed.to_le_bytes());
    hasher.update(symbol.as_bytes());
    let mut key = [0; 8];
    hasher.finalize_xof().fill(&mut key);
    u64::from_le_bytes(key)
}
