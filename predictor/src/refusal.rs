//! What a client is told that does not get what it asked for.

use serde::Serialize;
use trust::access::Denied;

/// Seconds after which a client may try again what was refused for want of room or of a model.
const RETRY_AFTER_SECONDS: u32 = 1;

/// A refusal: the status and body of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Refusal {
    /// The HTTP status.
    #[serde(skip)]
    pub(crate) status: u16,
    /// What is wrong, for people.
    pub(crate) error: String,
    /// The parameter, member or tensor that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// What was expected there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<String>,
    /// Seconds after which to try again.
    #[serde(skip)]
    pub(crate) retry_after: Option<u32>,
}

impl Refusal {
    fn new(status: u16, error: impl Into<String>) -> Self {
        Self {
            status,
            error: error.into(),
            field: None,
            expected: None,
            retry_after: None,
        }
    }

    /// A field has a value that cannot be taken.
    pub(crate) fn bad(
        field: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            field: Some(field.into()),
            expected: Some(expected.into()),
            ..Self::new(400, found)
        }
    }

    /// The request as a whole makes no sense.
    pub(crate) fn malformed(error: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            expected: Some(expected.into()),
            ..Self::new(400, error)
        }
    }

    /// What a field names does not exist.
    pub(crate) fn unknown(field: impl Into<String>, error: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(404, error)
        }
    }

    /// Who asks has not proven that it may.
    pub(crate) fn denied(denied: &Denied) -> Self {
        let status = match denied {
            Denied::WrongRole { .. } => 403,
            Denied::Unknown { .. } | Denied::BadToken => 401,
        };
        Self::new(status, denied.to_string())
    }

    /// There is nothing at the path.
    pub(crate) fn no_such_path() -> Self {
        Self::new(
            404,
            "there is nothing here: /openapi.json says what there is",
        )
    }

    /// The path answers other methods.
    pub(crate) fn other_method() -> Self {
        Self::new(
            405,
            "the path does not answer this method: the header Allow says which",
        )
    }

    /// The body did not come in time.
    pub(crate) fn too_slow() -> Self {
        Self::new(408, "the body did not end in time: send it at once")
    }

    /// The body is larger than allowed.
    pub(crate) fn too_large(limit: usize) -> Self {
        Self {
            expected: Some(format!("at most {limit} bytes")),
            ..Self::new(413, "the body is too large: send fewer rows at a time")
        }
    }

    /// The body is compressed, or of another type.
    pub(crate) fn other_media_type(found: &str, expected: &str) -> Self {
        Self {
            expected: Some(expected.to_owned()),
            ..Self::new(415, format!("a body of `{found}` is not taken"))
        }
    }

    /// What was asked for is in order, and cannot be answered from the data that there are.
    pub(crate) fn unanswerable(
        field: impl Into<String>,
        error: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            field: Some(field.into()),
            expected: Some(expected.into()),
            ..Self::new(422, error)
        }
    }

    /// There is more to do than can be done.
    pub(crate) fn overloaded() -> Self {
        Self::later("the predictor has as much to do as it takes on: try again")
    }

    /// The store does not give what is needed, or gives something damaged; nothing that the client did.
    pub(crate) fn unavailable(error: impl Into<String>) -> Self {
        Self::later(error)
    }

    fn later(error: impl Into<String>) -> Self {
        Self {
            retry_after: Some(RETRY_AFTER_SECONDS),
            ..Self::new(503, error)
        }
    }
}
