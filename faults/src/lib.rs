//! Named points at which tests stop, slow or kill a process. Without the feature `fault-points` they are no code at all.
//!
//! [`VARIABLE`] says what happens at which point: `POINT[:DETAIL][#NTH]=ACTION`, parted by commas. Without a detail every
//! detail is meant, without a number every time; `#3` is the third time in the process. Actions:
//!
//! - `kill`: the process ends as if it was killed from outside
//! - `stop`: it stands still until it is told to go on
//! - `panic`: the thread panics
//! - `slow:MS`: it goes on after so many milliseconds
//! - `hold:FILE`: it goes on when the file exists
//!
//! Before each action a line `POINT DETAIL PID ACTION` is appended to the file that [`LOG_VARIABLE`] names, with `-` for
//! an empty detail: a test of a fault looks there for whether its fault happened. Then stderr has the line
//! `fault at POINT DETAIL: ACTION`, for those who wait for it.

#[cfg(not(feature = "fault-points"))]
mod absent;
#[cfg(feature = "fault-points")]
mod act;
#[cfg(feature = "fault-points")]
mod planned;
#[cfg(feature = "fault-points")]
mod points;

#[cfg(not(feature = "fault-points"))]
pub use absent::{check_environment, hit, reached};
#[cfg(feature = "fault-points")]
pub use planned::BadFault;
#[cfg(feature = "fault-points")]
pub use points::{BadEnvironment, check_environment, hit, reached};

/// The environment variable that says what happens at which point.
pub const VARIABLE: &str = "TICKERMILL_FAULTS";

/// The environment variable that names the file in which every fault that happens is noted.
pub const LOG_VARIABLE: &str = "TICKERMILL_FAULTS_LOG";
