//! Exactness against an object store in memory that answers wrongly in every way that real ones do.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::open::Place;
use super::{Created, ProbeError, Store, StoreError};

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nothing.
    None,
    /// It is not carried out, and the answer is "later".
    Unavailable,
    /// It is carried out, and the answer is lost.
    LostReply,
    /// It is carried out, the answer is lost, and the client tried again: it is told of its own object.
    OwnWrite,
    /// It is not carried out, and the answer is a conflict that is told as "it is there".
    Conflict,
    /// Another writes first, and the client hears nothing.
    Overtaken,
    /// There is no leave.
    Refused,
}

/// An object store with planned faults of its puts, and of its other requests.
#[derive(Debug, Default)]
struct Faulty {
    inner: InMemory,
    puts: Mutex<VecDeque<Fault>>,
    others: Mutex<VecDeque<Fault>>,
    /// Requests of both kinds that came in.
    requests: AtomicUsize,
    /// Whether conditions of puts are passed over.
    unconditional: bool,
    /// Whether every racer is told that it won, and a second put in peace is refused all the same.
    racy: bool,
    /// Whether objects are copied, and conditions of copies passed over.
    copies_blindly: bool,
}

impl fmt::Display for Faulty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "faulty")
    }
}

fn lost() -> Error {
    Error::Generic {
        store: "faulty",
        source: "the connection broke off".into(),
    }
}

fn is_there(path: &Path) -> Error {
    Error::AlreadyExists {
        path: path.to_string(),
        source: "412".into(),
    }
}

impl Faulty {
    fn next(&self, faults: &Mutex<VecDeque<Fault>>) -> Fault {
        self.requests.fetch_add(1, Ordering::Relaxed);
        faults.lock().unwrap().pop_front().unwrap_or(Fault::None)
    }

    /// The faults of requests that are not puts: before they are carried out, or after.
    async fn other<T>(&self, doing: impl Future<Output = Result<T>>) -> Result<T> {
        match self.next(&self.others) {
            Fault::None => doing.await,
            Fault::Unavailable => Err(lost()),
            Fault::LostReply => doing.await.and(Err(lost())),
            fault => unreachable!("{fault:?} is for puts"),
        }
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> Result<PutResult> {
        if self.unconditional {
            options.mode = PutMode::Overwrite;
        }
        if self.racy {
            // Whether the object is there is looked at before the others' puts come through.
            let there = self.inner.head_of(location).await;
            tokio::task::yield_now().await;
            if there {
                return Err(is_there(location));
            }
            options.mode = PutMode::Overwrite;
        }
        match self.next(&self.puts) {
            Fault::None => self.inner.put_opts(location, payload, options).await,
            Fault::Unavailable => Err(lost()),
            Fault::LostReply => {
                self.inner.put_opts(location, payload, options).await?;
                Err(lost())
            }
            Fault::OwnWrite => {
                self.inner.put_opts(location, payload, options).await?;
                Err(is_there(location))
            }
            Fault::Conflict => Err(is_there(location)),
            Fault::Overtaken => {
                let other = PutPayload::from_static(b"another's");
                self.inner.put_opts(location, other, options).await?;
                Err(lost())
            }
            Fault::Refused => Err(Error::PermissionDenied {
                path: location.to_string(),
                source: "403".into(),
            }),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.other(self.inner.get_opts(location, options)).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        match self.next(&self.others) {
            Fault::None => self.inner.delete_stream(locations),
            _ => Box::pin(futures::stream::iter([Err(lost())])),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.other(self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        if self.copies_blindly {
            let options = options.with_mode(CopyMode::Overwrite);
            return self.inner.copy_opts(from, to, options).await;
        }
        Err(Error::NotSupported {
            source: "no copies if absent".into(),
        })
    }
}

/// Whether an object is there.
trait Head {
    async fn head_of(&self, location: &Path) -> bool;
}

impl Head for InMemory {
    async fn head_of(&self, location: &Path) -> bool {
        self.get_opts(location, GetOptions::new().with_head(true))
            .await
            .is_ok()
    }
}

fn store_of(faulty: Faulty) -> (Store, Arc<Faulty>) {
    let faulty = Arc::new(faulty);
    let store = Store {
        objects: faulty.clone(),
        place: Place::Url {
            url: "s3://bucket/out".to_owned(),
            prefix: Path::from("out"),
        },
    };
    (store, faulty)
}

/// A store whose next puts have these faults.
fn store(puts: &[Fault]) -> (Store, Arc<Faulty>) {
    store_of(Faulty {
        puts: Mutex::new(puts.iter().copied().collect()),
        ..Faulty::default()
    })
}

fn own() -> Bytes {
    Bytes::from_static(b"own")
}

async fn there(store: &Store) -> Option<Bytes> {
    store.read("key").await.unwrap()
}

/// The faults after which a write comes to be, whatever it is told at first.
const OVERCOME: [&[Fault]; 6] = [
    &[Fault::None],
    &[Fault::Unavailable],
    &[Fault::LostReply],
    &[Fault::OwnWrite],
    &[Fault::Conflict],
    &[
        Fault::Conflict,
        Fault::Unavailable,
        Fault::Unavailable,
        Fault::OwnWrite,
    ],
];

#[tokio::test(start_paused = true)]
async fn a_write_comes_to_be_once_whatever_is_told_of_it() {
    for faults in OVERCOME {
        let (store, faulty) = store(faults);
        store.create("key", own()).await.unwrap();
        assert_eq!(there(&store).await, Some(own()), "{faults:?}");
        assert!(faulty.puts.lock().unwrap().is_empty(), "{faults:?}");
        // Done again, it is the same; with other bytes, it is refused.
        let again = store.create("key", own()).await.unwrap();
        assert_eq!(again, Created::Same);
        let other = store.create("key", Bytes::from_static(b"other")).await;
        assert!(matches!(other, Err(StoreError::Different { .. })));
        assert_eq!(there(&store).await, Some(own()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_knows_its_own_write_and_anothers() {
    for faults in OVERCOME {
        let (store, _) = store(faults);
        assert!(store.claim("key", own()).await.unwrap(), "{faults:?}");
        let other = Bytes::from_static(b"other");
        assert!(!store.claim("key", other).await.unwrap(), "{faults:?}");
    }
    let (store, _) = store(&[Fault::Overtaken]);
    assert!(!store.claim("key", own()).await.unwrap());
    assert_eq!(there(&store).await.unwrap(), "another's");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_another_overtook_is_different() {
    let (store, _) = store(&[Fault::Overtaken]);
    let written = store.create("key", own()).await;
    assert!(matches!(written, Err(StoreError::Different { .. })));
}

#[tokio::test(start_paused = true)]
async fn doubts_end() {
    for fault in [Fault::Unavailable, Fault::Conflict] {
        let (store, faulty) = store(&[fault; 100]);
        let error = store.create("key", own()).await.unwrap_err();
        assert!(error.to_string().contains("s3://bucket/out/key"), "{error}");
        // Each put was followed by a look.
        assert_eq!(faulty.requests.load(Ordering::Relaxed), 10, "{fault:?}");
        assert_eq!(there(&store).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_one_is_not_asked_for_again() {
    let (store, faulty) = store(&[Fault::Refused]);
    let error = store.create("key", own()).await.unwrap_err();
    assert!(error.needs_a_person());
    assert!(
        error.to_string().contains("check the credentials"),
        "{error}"
    );
    assert_eq!(faulty.requests.load(Ordering::Relaxed), 1);
    let missing = store.read_with_fingerprint("key").await.unwrap_err();
    assert!(missing.is_not_found());
    assert_eq!(faulty.requests.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn reads_looks_lists_and_removals_are_tried_again() {
    for fault in [Fault::Unavailable, Fault::LostReply] {
        let (store, faulty) = store(&[]);
        store.create("key", own()).await.unwrap();
        let disturb = || faulty.others.lock().unwrap().push_back(fault);
        disturb();
        assert_eq!(there(&store).await, Some(own()));
        disturb();
        assert!(store.fingerprint_of("key").await.unwrap().is_some());
        disturb();
        assert_eq!(store.list_folder("").await.unwrap().0[0].path, "key");
        disturb();
        store.remove("key").await.unwrap();
        assert!(faulty.others.lock().unwrap().is_empty());
        assert_eq!(there(&store).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_is_a_copy_that_overwrites_nothing() {
    let (store, _) = store(&[Fault::None, Fault::OwnWrite]);
    store.create("key", own()).await.unwrap();
    // Its own write is told to it, and cannot be told from another's of the same bytes.
    store.link("key", "copy").await.unwrap();
    assert_eq!(store.read("copy").await.unwrap(), Some(own()));
    assert!(!store.link("key", "copy").await.unwrap());
    let other = Bytes::from_static(b"other");
    store.create("other", other.clone()).await.unwrap();
    let linked = store.link("key", "other").await;
    assert!(matches!(linked, Err(StoreError::Different { .. })));
    assert_eq!(store.read("other").await.unwrap(), Some(other));
}

#[tokio::test(start_paused = true)]
async fn a_probe_lets_an_exact_store_pass_and_leaves_nothing() {
    let faults = [
        Fault::LostReply,
        Fault::Conflict,
        Fault::Unavailable,
        Fault::OwnWrite,
    ];
    let (store, _) = store(&faults);
    store.probe("probe").await.unwrap();
    assert!(store.list_folder("").await.unwrap().0.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_probe_refuses_what_writes_over_objects() {
    let unconditional = Faulty {
        unconditional: true,
        ..Faulty::default()
    };
    let racy = Faulty {
        racy: true,
        ..Faulty::default()
    };
    let copies_blindly = Faulty {
        copies_blindly: true,
        ..Faulty::default()
    };
    for (faulty, fault) in [
        (unconditional, "wrote over"),
        (racy, "of 8 racing writers"),
        (copies_blindly, "copied over"),
    ] {
        let (store, _) = store_of(faulty);
        let error = store.probe("probe").await.unwrap_err();
        assert!(
            matches!(error, ProbeError::NotConditional { .. }),
            "{error}"
        );
        let said = error.to_string();
        assert!(said.contains(fault), "{said}");
        assert!(said.contains("If-None-Match"), "{said}");
        assert!(store.list_folder("").await.unwrap().0.is_empty());
    }
}

#[tokio::test]
async fn a_folder_with_hard_links_passes_and_is_left_empty() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    store.probe("probe").await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
