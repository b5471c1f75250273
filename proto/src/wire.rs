//! Generated types of `cluster/v1/*.proto`, made by `just proto`. Conversions alone name them.

#![expect(
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

include!("generated/tickermill.cluster.v1.rs");
