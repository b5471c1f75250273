//! Generated types of the `.proto` files, made by `just proto`. Conversions alone name them.

#![expect(
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

include!("generated/tickermill.cluster.v1.rs");

/// What KEDA asks: `externalscaler/externalscaler.proto`.
pub mod scaler {
    include!("generated/externalscaler.rs");
}
