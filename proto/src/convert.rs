//! Conversions between the messages of the wire and our own types. A message that makes no sense is an error here, so that
//! the rest of the code meets none.

use std::time::Duration;

use market::layout::TickerFile;
use market::store::Fingerprint;
use market::symbol::{Symbol, SymbolError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::id::{Incarnation, RunId, RunIdError, ShardId, WorkerId};
use crate::link::FailureKind;
use crate::session::{AttemptId, FromWorker, Hello, InHand, ToWorker, Welcome};
use crate::ticket::ShardTicket;
use crate::wire;
use crate::wire::from_worker::Message as FromWorkerMessage;
use crate::wire::to_worker::Message as ToWorkerMessage;

/// Why a message makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// A field that must be there is not.
    #[error("the message has no `{0}`")]
    Missing(&'static str),
    /// A run's id is none.
    #[error(transparent)]
    Run(#[from] RunIdError),
    /// A symbol is none.
    #[error(transparent)]
    Symbol(#[from] SymbolError),
    /// A document is not what it should be.
    #[error("`{field}` cannot be read: {source}")]
    Json {
        /// The field.
        field: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// A sum of errors is negative, infinite or not a number.
    #[error("`{0}` is no sum of errors")]
    NoSum(&'static str),
}

/// The JSON form of a document that a message carries.
pub fn to_json(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("our own types have a JSON form")
}

/// A document that a message carries as JSON in `field`.
pub fn from_json<T: DeserializeOwned>(field: &'static str, json: &str) -> Result<T, ConvertError> {
    serde_json::from_str(json).map_err(|source| ConvertError::Json { field, source })
}

impl From<&AttemptId> for wire::Attempt {
    fn from(attempt: &AttemptId) -> Self {
        Self {
            epoch: attempt.epoch,
            incarnation: attempt.incarnation.0,
            run: attempt.run.to_string(),
            shard: attempt.shard.0,
            attempt: attempt.attempt,
        }
    }
}

impl TryFrom<Option<wire::Attempt>> for AttemptId {
    type Error = ConvertError;

    fn try_from(attempt: Option<wire::Attempt>) -> Result<Self, ConvertError> {
        let attempt = attempt.ok_or(ConvertError::Missing("attempt"))?;
        Ok(Self {
            epoch: attempt.epoch,
            incarnation: Incarnation(attempt.incarnation),
            run: RunId::parse(&attempt.run)?,
            shard: ShardId(attempt.shard),
            attempt: attempt.attempt,
        })
    }
}

impl From<FromWorker> for wire::FromWorker {
    fn from(message: FromWorker) -> Self {
        let message = match message {
            FromWorker::Hello(hello) => FromWorkerMessage::Hello(wire::Hello {
                protocol: hello.protocol,
                build: hello.build,
                name: hello.name,
                slots: hello.slots,
            }),
            FromWorker::Heartbeat(in_hand) => FromWorkerMessage::Heartbeat(wire::Heartbeat {
                in_hand: in_hand.into_iter().map(wire::InHand::from).collect(),
            }),
            FromWorker::ShardFailed {
                attempt,
                kind,
                message,
            } => FromWorkerMessage::ShardFailed(wire::ShardFailed {
                attempt: Some((&attempt).into()),
                kind: wire::FailureKind::from(kind).into(),
                message,
            }),
            FromWorker::TrialDone { attempt, errors } => {
                FromWorkerMessage::TrialDone(trials::trial_done(&attempt, &errors))
            }
            FromWorker::Draining => FromWorkerMessage::Draining(wire::Draining {}),
        };
        Self {
            message: Some(message),
        }
    }
}

impl TryFrom<wire::FromWorker> for FromWorker {
    type Error = ConvertError;

    fn try_from(message: wire::FromWorker) -> Result<Self, ConvertError> {
        let message = message.message.ok_or(ConvertError::Missing("message"))?;
        Ok(match message {
            FromWorkerMessage::Hello(hello) => Self::Hello(Hello {
                protocol: hello.protocol,
                build: hello.build,
                name: hello.name,
                slots: hello.slots,
            }),
            FromWorkerMessage::Heartbeat(heartbeat) => {
                let in_hand = heartbeat.in_hand.into_iter().map(InHand::try_from);
                Self::Heartbeat(in_hand.collect::<Result<_, _>>()?)
            }
            FromWorkerMessage::ShardFailed(failed) => Self::ShardFailed {
                kind: failed.kind().into(),
                attempt: failed.attempt.try_into()?,
                message: failed.message,
            },
            FromWorkerMessage::TrialDone(done) => {
                let (attempt, errors) = trials::done(done)?;
                Self::TrialDone { attempt, errors }
            }
            FromWorkerMessage::Draining(wire::Draining {}) => Self::Draining,
        })
    }
}

impl From<InHand> for wire::InHand {
    fn from(in_hand: InHand) -> Self {
        Self {
            attempt: Some((&in_hand.attempt).into()),
            input_bytes: in_hand.input_bytes,
            symbols: in_hand.symbols.into_iter().map(String::from).collect(),
        }
    }
}

impl TryFrom<wire::InHand> for InHand {
    type Error = ConvertError;

    fn try_from(in_hand: wire::InHand) -> Result<Self, ConvertError> {
        let symbols = in_hand.symbols.iter().map(|symbol| Symbol::parse(symbol));
        Ok(Self {
            attempt: in_hand.attempt.try_into()?,
            input_bytes: in_hand.input_bytes,
            symbols: symbols.collect::<Result<_, _>>()?,
        })
    }
}

impl From<FailureKind> for wire::FailureKind {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Retryable => Self::Retryable,
            FailureKind::HandedBack => Self::HandedBack,
            FailureKind::InputChanged => Self::InputChanged,
            FailureKind::Nondeterminism => Self::Nondeterminism,
            FailureKind::NeedsPerson => Self::NeedsPerson,
        }
    }
}

impl From<wire::FailureKind> for FailureKind {
    /// A kind that is not known is taken for one that another attempt may mend, of which there are only so many.
    fn from(kind: wire::FailureKind) -> Self {
        match kind {
            wire::FailureKind::Unspecified | wire::FailureKind::Retryable => Self::Retryable,
            wire::FailureKind::HandedBack => Self::HandedBack,
            wire::FailureKind::InputChanged => Self::InputChanged,
            wire::FailureKind::Nondeterminism => Self::Nondeterminism,
            wire::FailureKind::NeedsPerson => Self::NeedsPerson,
        }
    }
}

impl From<ToWorker> for wire::ToWorker {
    fn from(message: ToWorker) -> Self {
        let message = match message {
            ToWorker::Welcome(welcome) => ToWorkerMessage::Welcome(wire::Welcome {
                epoch: welcome.epoch,
                incarnation: welcome.incarnation.0,
                worker: welcome.worker.0,
                heartbeat_ms: milliseconds(welcome.heartbeat),
                lease_ms: milliseconds(welcome.lease),
                out: welcome.out,
            }),
            ToWorker::Heard => ToWorkerMessage::Heard(wire::Heard {}),
            ToWorker::Assign { attempt, ticket } => {
                ToWorkerMessage::Assign(assign(&attempt, *ticket))
            }
            ToWorker::TryOut {
                attempt,
                trial,
                rows,
                inputs,
            } => ToWorkerMessage::TryOut(wire::TryOut {
                attempt: Some((&attempt).into()),
                trial: to_json(&trial),
                rows,
                inputs,
            }),
            ToWorker::Revoke(attempt) => ToWorkerMessage::Revoke(wire::Revoke {
                attempt: Some((&attempt).into()),
            }),
        };
        Self {
            message: Some(message),
        }
    }
}

impl TryFrom<wire::ToWorker> for ToWorker {
    type Error = ConvertError;

    fn try_from(message: wire::ToWorker) -> Result<Self, ConvertError> {
        let message = message.message.ok_or(ConvertError::Missing("message"))?;
        Ok(match message {
            ToWorkerMessage::Welcome(welcome) => Self::Welcome(Welcome {
                epoch: welcome.epoch,
                incarnation: Incarnation(welcome.incarnation),
                worker: WorkerId(welcome.worker),
                heartbeat: Duration::from_millis(welcome.heartbeat_ms.into()),
                lease: Duration::from_millis(welcome.lease_ms.into()),
                out: welcome.out,
            }),
            ToWorkerMessage::Heard(wire::Heard {}) => Self::Heard,
            ToWorkerMessage::Assign(assign) => {
                let (attempt, ticket) = assigned(assign)?;
                Self::Assign {
                    attempt,
                    ticket: Box::new(ticket),
                }
            }
            ToWorkerMessage::TryOut(asked) => Self::TryOut {
                attempt: asked.attempt.try_into()?,
                trial: Box::new(from_json("trial", &asked.trial)?),
                rows: asked.rows,
                inputs: asked.inputs,
            },
            ToWorkerMessage::Revoke(revoke) => Self::Revoke(revoke.attempt.try_into()?),
        })
    }
}

fn assign(attempt: &AttemptId, ticket: ShardTicket) -> wire::Assign {
    let file = |file: TickerFile| wire::PriceFile {
        symbol: file.symbol.into(),
        path: file.path,
        size: file.fingerprint.size,
        version: file.fingerprint.version,
        security_name: file.security_name,
    };
    wire::Assign {
        attempt: Some(attempt.into()),
        data: ticket.data,
        files: ticket.tickers.into_iter().map(file).collect(),
        recipe: to_json(&ticket.recipe),
        features_folder: ticket.features_folder,
        raw_folder: ticket.raw_folder,
        rows: to_json(&ticket.rows),
        careful: ticket.careful,
    }
}

fn assigned(assign: wire::Assign) -> Result<(AttemptId, ShardTicket), ConvertError> {
    let attempt = AttemptId::try_from(assign.attempt)?;
    let file = |file: wire::PriceFile| -> Result<TickerFile, ConvertError> {
        Ok(TickerFile {
            symbol: Symbol::parse(&file.symbol)?,
            path: file.path,
            fingerprint: Fingerprint {
                size: file.size,
                version: file.version,
            },
            security_name: file.security_name,
        })
    };
    let ticket = ShardTicket {
        run: attempt.run.clone(),
        epoch: attempt.epoch,
        shard: attempt.shard,
        attempt: attempt.attempt,
        data: assign.data,
        tickers: assign
            .files
            .into_iter()
            .map(file)
            .collect::<Result<_, _>>()?,
        recipe: from_json("recipe", &assign.recipe)?,
        features_folder: assign.features_folder,
        raw_folder: assign.raw_folder,
        rows: from_json("rows", &assign.rows)?,
        careful: assign.careful,
    };
    Ok((attempt, ticket))
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

mod trials;

#[cfg(test)]
mod tests;
