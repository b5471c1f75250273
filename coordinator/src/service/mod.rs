//! What the coordinator answers over gRPC: thin edges that decode, ask, and encode. The files here alone name tonic's server.

mod attempts;
mod deliveries;
mod flight;
pub mod flight_read;
mod guard;
mod listen;
mod panels;
mod runs;
mod scaler;
mod sessions;

pub(crate) use listen::{Door, Services, serve};
