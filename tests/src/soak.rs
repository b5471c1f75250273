//! How much of a test is done: little in each change's checks, as much as the issue asks for in `just soak`.

use std::fmt::Debug;
use std::str::FromStr;

/// How often a fault is made to happen.
pub fn rounds() -> u32 {
    from_environment("TICKERMILL_FAULT_ROUNDS", 1)
}

/// How many seconds of random bytes every port gets.
pub fn seconds_of_noise() -> u64 {
    from_environment("TICKERMILL_NOISE_SECONDS", 3)
}

/// How many connections are left half-open.
pub fn half_open_connections() -> usize {
    from_environment("TICKERMILL_HALF_OPEN", 500)
}

fn from_environment<N: FromStr<Err: Debug>>(name: &str, default: N) -> N {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}
