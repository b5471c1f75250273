//! Bodies of bounded size that come in bounded time, and take bounded memory together.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::question::shortened;
use crate::refusal::Refusal;
use crate::terms::Limits;

/// The memory for bodies, in units of [`UNIT`] bytes.
#[derive(Debug)]
pub(crate) struct Bodies {
    limits: Limits,
    units: Arc<Semaphore>,
}

/// What memory is counted in.
const UNIT: usize = 1_024;

/// A body in memory.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    /// Given back when the body is dropped.
    _room: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            units: Arc::new(Semaphore::new(limits.max_bodies_bytes / UNIT)),
        }
    }

    /// The whole body, of one of the media types; a request that names none is taken.
    pub(super) async fn read(
        &self,
        request: &HttpRequest,
        payload: Payload,
        media_types: &[&str],
    ) -> Result<Body, Refusal> {
        check_headers(request, media_types)?;
        let announced = header(request, CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.parse::<usize>().ok());
        if announced.is_some_and(|length| length > self.limits.max_body_bytes) {
            return Err(Refusal::too_large(self.limits.max_body_bytes));
        }
        let taken = tokio::time::timeout(self.limits.request_time, self.collect(payload)).await;
        taken.unwrap_or_else(|_| Err(Refusal::too_slow()))
    }

    async fn collect(&self, mut payload: Payload) -> Result<Body, Refusal> {
        let limit = self.limits.max_body_bytes;
        let mut body = BytesMut::new();
        let mut room: Option<OwnedSemaphorePermit> = None;
        while let Some(part) = payload.next().await {
            let part = part.map_err(|error| {
                Refusal::malformed(format!("the body broke off: {error}"), "a whole body")
            })?;
            if body.len() + part.len() > limit {
                return Err(Refusal::too_large(limit));
            }
            let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            let further = (body.len() + part.len()).div_ceil(UNIT) - held;
            let Ok(further) = Arc::clone(&self.units).try_acquire_many_owned(further as u32) else {
                return Err(Refusal::overloaded());
            };
            match &mut room {
                Some(room) => room.merge(further),
                None => room = Some(further),
            }
            body.extend_from_slice(&part);
        }
        Ok(Body {
            bytes: body.freeze(),
            _room: room,
        })
    }
}

/// A body that is compressed or of another type is refused before it is read.
fn check_headers(request: &HttpRequest, media_types: &[&str]) -> Result<(), Refusal> {
    let encoding = header(request, CONTENT_ENCODING);
    if let Some(encoding) = encoding.filter(|encoding| *encoding != "identity") {
        let expected = "a body that is not compressed";
        return Err(Refusal::other_media_type(&shortened(encoding), expected));
    }
    let Some(found) = header(request, CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = found.split(';').next().unwrap_or("").trim();
    let is_taken = |media_type: &&str| essence.eq_ignore_ascii_case(media_type);
    if media_types.iter().any(is_taken) {
        return Ok(());
    }
    Err(Refusal::other_media_type(
        &shortened(essence),
        media_types[0],
    ))
}

/// A header's text, empty where it is not text.
fn header(request: &HttpRequest, name: HeaderName) -> Option<&str> {
    let value = request.headers().get(name)?;
    Some(value.to_str().unwrap_or(""))
}
