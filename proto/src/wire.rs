//! Generated types of `cluster/v1/*.proto`, made by `just proto`. Conversions alone name them.

#![expect(clippy::all, clippy::pedantic, reason = "generated code")]

include!("generated/tickermill.cluster.v1.rs");
