//! A whole cluster in one thread, under a clock of its own: the real epoch, membership, links, placement and dispatch, with
//! simulated workers, network and store, and faults of every kind. A seed decides everything, so a failure can be watched
//! again.

mod chance;
mod checks;
mod coordinator;
mod hands;
mod host;
mod job;
mod network;
mod run;
mod scale;
mod scenario;
mod session;
mod story;
mod tests;
mod worker;
mod world;
