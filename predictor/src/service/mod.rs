//! The HTTP side: the only files that name actix-web. Each is thin; what is answered is decided elsewhere.

mod answer;
mod batch;
mod body;
mod documentation;
mod gate;
mod inference;
mod listen;
mod operations;
mod page;
mod predict;
mod routes;
mod state;

pub(crate) use body::Bodies;
pub(crate) use listen::serve;
pub(crate) use state::State;
