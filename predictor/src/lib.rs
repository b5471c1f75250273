//! The predictor: serves published models over HTTP, and makes their features.

pub mod server;
pub mod terms;

mod catalogue;
mod chart;
mod kernels;
mod metrics;
mod past;
mod question;
mod refusal;
mod served;
mod service;
mod tail;
mod tensor;
mod tickers;
mod watcher;
