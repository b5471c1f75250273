//! What the coordinator answers over gRPC. The files here alone name tonic's server.

pub mod flight_read;
