//! Operations that are exact where an object store's answers are not: one that says "it is there" may speak of our own
//! write, tried again inside the client, or of none; one that says nothing may have written.

use std::time::Duration;

use bytes::Bytes;
use object_store::{PutMode, PutOptions, PutPayload};
use tokio::time::Instant;

use super::error::StoreError;
use super::open::{Place, Store};

/// Tries of an operation whose outcome is in doubt. Each of them is a few tries of the client, see `open.rs`.
const TRIES: u32 = 5;
/// After this long an operation is not tried again.
const LONGEST_DOUBT: Duration = Duration::from_mins(1);
/// The pause before the second try; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// What is known of an object after it was to be written where it is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PutIfAbsent {
    /// This call wrote it.
    New,
    /// It has these bytes. This call wrote it, or it was there.
    Same,
    /// It was there, with other bytes.
    Other,
}

impl Store {
    /// Writes an object unless it is there, and finds out what came of it: a doubtful answer is settled by reading the
    /// object back, and where there is none, by writing again.
    pub(super) async fn put_if_absent(
        &self,
        path: &str,
        bytes: &Bytes,
    ) -> Result<PutIfAbsent, StoreError> {
        let location = self.path(path)?;
        let mut tries = Tries::new(&self.place);
        loop {
            let payload = PutPayload::from_bytes(bytes.clone());
            let options = PutOptions::from(PutMode::Create);
            let doubt = match self.objects.put_opts(&location, payload, options).await {
                Ok(_) => return Ok(PutIfAbsent::New),
                Err(doubt @ object_store::Error::AlreadyExists { .. }) => doubt,
                Err(doubt) if tries.may_help(&doubt) => doubt,
                Err(source) => return Err(self.failed("write", path, source)),
            };
            match self.read(path).await? {
                Some(there) if there == *bytes => return Ok(PutIfAbsent::Same),
                Some(_) => return Ok(PutIfAbsent::Other),
                None if tries.again().await => {}
                None => return Err(self.failed("write", path, doubt)),
            }
        }
    }

    /// Does what may be done any number of times, again while it fails without an answer. The client has tried some of
    /// this again itself, but not a reply that broke off, nor a request that changes something and ran out of time.
    pub(super) async fn until_answered<T, Doing>(
        &self,
        operation: impl Fn() -> Doing,
    ) -> object_store::Result<T>
    where
        Doing: Future<Output = object_store::Result<T>>,
    {
        let mut tries = Tries::new(&self.place);
        loop {
            match operation().await {
                Err(doubt) if tries.may_help(&doubt) && tries.again().await => {}
                result => return result,
            }
        }
    }
}

/// Counts tries, and waits between them. A folder answers at once, or not at all: there is nothing to wait for.
struct Tries {
    is_folder: bool,
    left: u32,
    pause: Duration,
    since: Option<Instant>,
}

impl Tries {
    fn new(place: &Place) -> Self {
        Self {
            is_folder: matches!(place, Place::Folder(_)),
            left: TRIES - 1,
            pause: FIRST_PAUSE,
            since: None,
        }
    }

    /// Whether an error leaves open what the store has done, so that it may be asked again: no reply, half of one, or one
    /// with a status that stands for no answer. Leave, names and conditions are answers.
    fn may_help(&self, error: &object_store::Error) -> bool {
        !self.is_folder && matches!(error, object_store::Error::Generic { .. })
    }

    /// Returns when it is time to try again; `false` where there were enough tries.
    async fn again(&mut self) -> bool {
        let enough = self
            .since
            .is_some_and(|since| since.elapsed() >= LONGEST_DOUBT);
        if self.left == 0 || enough {
            return false;
        }
        self.left -= 1;
        if !self.is_folder {
            // Only here: a folder is also used where no runtime with a clock is.
            self.since.get_or_insert_with(Instant::now);
            tokio::time::sleep(self.pause).await;
            self.pause *= 2;
        }
        true
    }
}
