//! What coordinator and workers say to each other: ids, tickets, records, events, and the link that carries them.

pub mod event;
pub mod id;
pub mod link;
pub mod query;
pub mod record;
pub mod ticket;
pub mod wire;
