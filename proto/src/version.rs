//! What a process must share with another to work with it.

/// The version of the messages in `cluster/v1`. It changes with their meaning.
pub const PROTOCOL_VERSION: u32 = 3;

/// The version of what this code makes of the same input. It changes whenever any output file's bytes do, be it by our
/// own code or by a library's; `tests` pin the digest of the sample's output to it.
pub const FORMAT_VERSION: u32 = 1;

/// The build that a worker or client names. Another build may make other bytes of the same input, so it is refused.
pub fn build() -> String {
    format!("{} (format {FORMAT_VERSION})", env!("CARGO_PKG_VERSION"))
}
