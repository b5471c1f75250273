//! One coordinator, one output store: the claim to it, renewed while it is held.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use market::store::{ProbeError, Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use output::paths;
use output::turn::Turn;

/// A claim that was not renewed for this long is void.
pub const LEASE: Duration = Duration::from_secs(10);
/// Renewals in a lease.
const RENEWALS_PER_LEASE: u32 = 5;
/// Looks at another's claim in a lease, while waiting for it.
const LOOKS_PER_LEASE: u32 = 20;

/// Who claims the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The name that others are told. A process that takes over from a former one has that one's name.
    pub name: String,
    /// What no other process ever has, not even a former one of the same name: by it a holder knows its own claim when the
    /// answer to it was lost. A part of file names.
    pub nonce: String,
}

/// Who claims a store, and on which terms.
#[derive(Debug, Clone)]
pub struct Claimant {
    /// Who.
    pub holder: Holder,
    /// How long the claim is good without renewal.
    pub lease: Duration,
}

/// `epoch/N.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    /// Who holds the store.
    holder: String,
    /// Makes the claim unlike any other's.
    #[serde(default)]
    nonce: String,
    /// Counts the renewals.
    renewed: u64,
    /// Whether the holder has let go.
    released: bool,
    /// Whether the holder has the lock of the living: that it is free then tells that the holder is dead.
    locked: bool,
}

/// Why the store could not be claimed, or is lost.
#[derive(Debug, thiserror::Error)]
pub enum EpochError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store does not keep what claims rely on.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// Another has taken the store over.
    #[error(
        "the output was taken over by another run or coordinator (epoch {by} after {own}): this one stops; what is done is kept"
    )]
    Superseded {
        /// The epoch that was held.
        own: u64,
        /// The one that is now.
        by: u64,
    },
    /// A claim is not what this program writes.
    #[error(
        "{path} cannot be read: {source}: remove it if no tickermill is running on this output"
    )]
    Damaged {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// The held store. Dropped without [`Epoch::release`], it ends the renewals; others may then have to wait for the lease.
#[derive(Debug)]
pub struct Epoch {
    number: u64,
    turns: AtomicU64,
    holder: Holder,
    out: Store,
    superseded_by: watch::Receiver<Option<u64>>,
    renewals: JoinHandle<()>,
    /// Held by the operating system for as long as this process lives, so that others need not wait for a dead holder.
    alive: Option<Arc<std::fs::File>>,
}

impl Epoch {
    /// Claims the store, under a number higher than any before, after a probe has proven that its claims hold.
    ///
    /// Waits while another holder renews its claim, and calls `waiting` with its name, once. A holder that let go, that has
    /// this name, or whose process is gone (on this machine's folders), is not waited for.
    pub async fn claim(
        out: &Store,
        claimant: &Claimant,
        waiting: impl Fn(&str) + Send,
    ) -> Result<Self, EpochError> {
        let Claimant { holder, lease } = claimant;
        let lease = *lease;
        let probe = format!("{}/probe-{}", paths::EPOCHS, holder.nonce);
        out.probe(&probe).await?;
        let mut told = false;
        let mut last_seen: Option<(u64, Claim, tokio::time::Instant)> = None;
        loop {
            let highest = highest(out).await?;
            let alive = lock_of_the_living(out);
            if let Some(number) = highest
                && let Some(claim) = read_claim(out, number).await?
                && !claim.released
                && claim.holder != holder.name
                && !(claim.locked && alive.is_some())
            {
                let unchanged = last_seen
                    .as_ref()
                    .filter(|(seen, before, _)| *seen == number && *before == claim);
                let since =
                    unchanged.map_or_else(tokio::time::Instant::now, |(_, _, since)| *since);
                if since.elapsed() < lease {
                    if !told {
                        waiting(&claim.holder);
                        told = true;
                    }
                    last_seen = Some((number, claim, since));
                    tokio::time::sleep(lease / LOOKS_PER_LEASE).await;
                    continue;
                }
            }
            let number = highest.unwrap_or(0) + 1;
            let claim = Claim {
                holder: holder.name.clone(),
                nonce: holder.nonce.clone(),
                renewed: 0,
                released: false,
                locked: alive.is_some(),
            };
            if out.claim(&path(number), json(&claim)).await? {
                remove_older(out, number).await?;
                return Ok(Self::held(out, number, holder, lease, alive));
            }
        }
    }

    fn held(
        out: &Store,
        number: u64,
        holder: &Holder,
        lease: Duration,
        alive: Option<std::fs::File>,
    ) -> Self {
        let (superseded, superseded_by) = watch::channel(None);
        let renewals = tokio::spawn(renew(
            out.clone(),
            number,
            holder.clone(),
            alive.is_some(),
            lease,
            superseded,
        ));
        Self {
            number,
            turns: AtomicU64::new(0),
            holder: holder.clone(),
            out: out.clone(),
            superseded_by,
            renewals,
            alive: alive.map(Arc::new),
        }
    }

    /// The epoch's number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The turn of a plan or an ending that is written now: greater than any before.
    pub(crate) fn next_turn(&self) -> Turn {
        Turn {
            epoch: self.number,
            turn: self.turns.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }

    /// Returns, with the reason, when another has taken the store over; else never.
    pub async fn lost(&self) -> EpochError {
        let mut superseded_by = self.superseded_by.clone();
        let superseded = superseded_by.wait_for(Option::is_some).await.map(|by| *by);
        match superseded {
            Ok(by) => EpochError::Superseded {
                own: self.number,
                by: by.unwrap_or_default(),
            },
            Err(_) => std::future::pending().await, // the renewals have ended with the claim itself
        }
    }

    /// Looks whether the store is still held: needed before a pointer moves.
    pub async fn confirm(&self) -> Result<(), EpochError> {
        match highest(&self.out).await? {
            Some(by) if by > self.number => Err(EpochError::Superseded {
                own: self.number,
                by,
            }),
            _ => Ok(()),
        }
    }

    /// Lets go of the store.
    pub async fn release(&self) {
        self.renewals.abort();
        let claim = Claim {
            holder: self.holder.name.clone(),
            nonce: self.holder.nonce.clone(),
            renewed: u64::MAX,
            released: true,
            locked: self.alive.is_some(),
        };
        if let Err(error) = self.out.replace(&path(self.number), json(&claim)).await {
            tracing::warn!(
                "cannot let go of the output: {error}; the next run may have to wait {LEASE:?}"
            );
        }
    }
}

impl Drop for Epoch {
    fn drop(&mut self) {
        self.renewals.abort();
    }
}

/// Renews a claim until it is superseded. A store that fails for a while is tried again: the claim is good for a lease, and
/// whoever takes over meanwhile has a higher number.
async fn renew(
    out: Store,
    number: u64,
    holder: Holder,
    locked: bool,
    lease: Duration,
    superseded: watch::Sender<Option<u64>>,
) {
    let mut ticks = tokio::time::interval(lease / RENEWALS_PER_LEASE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for renewed in 0.. {
        ticks.tick().await;
        match highest(&out).await {
            Ok(Some(by)) if by > number => {
                superseded.send_replace(Some(by));
                return;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!("cannot look at the claims to the output: {error}"),
        }
        let claim = Claim {
            holder: holder.name.clone(),
            nonce: holder.nonce.clone(),
            renewed,
            released: false,
            locked,
        };
        if let Err(error) = out.replace(&path(number), json(&claim)).await {
            tracing::warn!("cannot renew the claim to the output: {error}");
        }
    }
}

async fn highest(out: &Store) -> Result<Option<u64>, StoreError> {
    let (claims, _) = out.list_folder(paths::EPOCHS).await?;
    Ok(claims
        .iter()
        .filter_map(|claim| number_of(&claim.path))
        .max())
}

async fn remove_older(out: &Store, number: u64) -> Result<(), StoreError> {
    let (claims, _) = out.list_folder(paths::EPOCHS).await?;
    for claim in claims {
        if number_of(&claim.path).is_some_and(|older| older < number) {
            // Renewals of a killed holder may be left, and are found by the claim.
            out.sweep_beside(&claim.path);
            out.remove(&claim.path).await?;
        }
    }
    Ok(())
}

async fn read_claim(out: &Store, number: u64) -> Result<Option<Claim>, EpochError> {
    let Some(bytes) = out.read(&path(number)).await? else {
        return Ok(None);
    };
    let claim = serde_json::from_slice(&bytes);
    claim.map(Some).map_err(|source| EpochError::Damaged {
        path: out.locate(&path(number)),
        source,
    })
}

fn number_of(path: &str) -> Option<u64> {
    path.strip_prefix(paths::EPOCHS)?
        .strip_prefix('/')?
        .strip_suffix(".json")?
        .parse()
        .ok()
}

fn path(number: u64) -> String {
    proto::session::claim_path(number)
}

fn json(claim: &Claim) -> Bytes {
    serde_json::to_vec(claim)
        .expect("our own types have a JSON form")
        .into()
}

/// The lock that a holder on this machine has while it lives; `None` where a living process has it, or where there are no
/// such locks.
fn lock_of_the_living(out: &Store) -> Option<std::fs::File> {
    let folder = out.folder()?.join(paths::EPOCHS);
    std::fs::create_dir_all(&folder).ok()?;
    let file = std::fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))
        .ok()?;
    file.try_lock().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use market::store::Store;

    use super::{Claimant, Epoch, EpochError, Holder};

    const LEASE: Duration = Duration::from_millis(200);

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().to_str().unwrap()).unwrap();
        (folder, store)
    }

    /// A claimant, whose nonce no test gives to another of the same name at the same store.
    fn claimant(name: &str) -> Claimant {
        Claimant {
            holder: Holder {
                name: name.to_owned(),
                nonce: name.to_owned(),
            },
            lease: LEASE,
        }
    }

    #[tokio::test]
    async fn a_released_store_is_claimed_at_once_under_the_next_number() {
        let (_folder, out) = store();
        let first = Epoch::claim(&out, &claimant("a"), |_| panic!("nobody to wait for"))
            .await
            .unwrap();
        first.confirm().await.unwrap();
        first.release().await;
        let second = Epoch::claim(&out, &claimant("b"), |_| panic!("nobody to wait for"))
            .await
            .unwrap();
        assert_eq!(second.number(), 2);
    }

    #[tokio::test]
    async fn what_a_killed_holder_left_of_its_renewals_goes_with_its_claim() {
        let (folder, out) = store();
        drop(Epoch::claim(&out, &claimant("a"), |_| {}).await.unwrap());
        let file = |name: &str| folder.path().join("epoch").join(name);
        for name in ["1.json#1", "1.json#12", "2.json#1", "1.json#x"] {
            std::fs::write(file(name), "").unwrap();
        }
        let second = Epoch::claim(&out, &claimant("a"), |_| {}).await.unwrap();
        assert_eq!(second.number(), 2);
        assert!(!file("1.json").exists() && !file("1.json#1").exists());
        assert!(!file("1.json#12").exists());
        // Neither what another may be about to claim, nor what no writer stages.
        assert!(file("2.json#1").exists() && file("1.json#x").exists());
    }

    #[tokio::test]
    async fn a_start_waits_for_a_living_holder_and_says_so() {
        let (_folder, out) = store();
        let first = Epoch::claim(&out, &claimant("a"), |_| {}).await.unwrap();
        let (told, mut waits) = tokio::sync::mpsc::channel(1);
        let second = {
            let out = out.clone();
            tokio::spawn(async move {
                Epoch::claim(&out, &claimant("b"), |name| {
                    told.try_send(name.to_owned()).unwrap();
                })
                .await
            })
        };
        assert_eq!(waits.recv().await.as_deref(), Some("a"));
        first.release().await;
        assert_eq!(second.await.unwrap().unwrap().number(), 2);
    }

    #[tokio::test]
    async fn a_holder_of_the_same_name_takes_over_and_the_former_one_stops() {
        let (_folder, out) = store();
        let first = Epoch::claim(&out, &claimant("pod"), |_| {}).await.unwrap();
        let mut restarted = claimant("pod");
        restarted.holder.nonce = "restarted".to_owned();
        let second = Epoch::claim(&out, &restarted, |_| panic!("its own name"))
            .await
            .unwrap();
        assert!(matches!(
            first.lost().await,
            EpochError::Superseded { own: 1, by: 2 }
        ));
        assert!(first.confirm().await.is_err());
        second.confirm().await.unwrap();
    }

    #[tokio::test]
    async fn a_free_lock_does_not_make_a_holder_without_it_dead() {
        let (_folder, out) = store();
        // Both look at the empty store at once: the one has the lock, the other the claim.
        let lock = super::lock_of_the_living(&out).unwrap();
        let first = Epoch::claim(&out, &claimant("a"), |_| {}).await.unwrap();
        drop(lock);
        let (told, mut waits) = tokio::sync::mpsc::channel(1);
        let second = {
            let out = out.clone();
            tokio::spawn(async move {
                Epoch::claim(&out, &claimant("b"), |name| {
                    told.try_send(name.to_owned()).unwrap();
                })
                .await
            })
        };
        assert_eq!(waits.recv().await.as_deref(), Some("a"));
        first.release().await;
        assert_eq!(second.await.unwrap().unwrap().number(), 2);
    }

    #[tokio::test]
    async fn a_holder_that_stopped_renewing_is_waited_for_no_longer_than_its_lease() {
        let (_folder, out) = store();
        let first = Epoch::claim(&out, &claimant("a"), |_| {}).await.unwrap();
        first.renewals.abort(); // as if stopped; its process lives on and holds the lock
        let second = Epoch::claim(&out, &claimant("b"), |_| {}).await.unwrap();
        assert!(first.confirm().await.is_err());
        second.confirm().await.unwrap();
    }
}
