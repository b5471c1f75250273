//! The leak audit: what a feature says of a day must not change when what comes after that day does.

mod changed;
mod declared;
mod draw;
mod examine;
mod report;

pub use declared::audit_declared;
pub use draw::{AuditPlan, draw_symbols};
pub use examine::{AuditedTicker, ComputeFeatures, TickerFeatures, audit};
pub use report::{AuditReport, FeatureAudit, Leak, Leaks, Verdict};
