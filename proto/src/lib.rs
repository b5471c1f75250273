//! What coordinator and workers say to each other: ids, tickets, records, events, the link that carries them, and the
//! messages of the wire.

pub mod convert;
pub mod dial;
pub mod event;
pub mod id;
pub mod link;
pub mod panel_batches;
pub mod panel_rows;
pub mod query;
pub mod record;
pub mod sampled_rows;
pub mod session;
pub mod ticket;
pub mod version;
pub mod wire;
