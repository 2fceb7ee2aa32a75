//! Messages that crash one fresh handler after another, and are then refused.

mod fingerprint;
mod suspects;

use std::collections::HashMap;
use std::num::NonZeroU8;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::time::Instant;
use trunkline_runtime::Detail;

pub use fingerprint::{Fingerprint, Fingerprinting};
use suspects::Suspects;

/// When a message is quarantined, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How many crashes of handlers over the same message quarantine it. The first crash of all on a
    /// listener has no fingerprint and does not count. By default 3.
    pub threshold: NonZeroU8,
    /// The time within which they count, and for which a quarantined message must stay away until it
    /// is let through again. By default 10 minutes.
    pub period: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        const THREE: NonZeroU8 = NonZeroU8::MIN.saturating_add(2);
        Self { threshold: THREE, period: Duration::from_secs(10 * 60) }
    }
}

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Give it to the handler.
    Pass,
    /// Keep it from the handler: it is quarantined. Counted by the quarantine.
    Refuse,
}

/// A message has just been quarantined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quarantined {
    /// Of which message.
    pub fingerprint: Fingerprint,
    /// How many handlers it has crashed within the period.
    pub crashes: u32,
    /// How long it must stay away until it is let through again.
    pub period: Duration,
}

/// How full a quarantine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Whether messages are fingerprinted.
    pub armed: bool,
    /// Fingerprints that are remembered, quarantined or not.
    pub known: usize,
    /// Messages that are quarantined.
    pub quarantined: usize,
    /// Messages that were refused since the start.
    pub refused: u64,
}

/// The poison messages of one listener, shared by its workers.
///
/// Nothing is fingerprinted until a handler crashes on the listener; from then on it is *armed*, and
/// every message is, until nothing is known and the last crash is more than a period ago. A message
/// that crashes [`threshold`](Policy::threshold) handlers within a [`period`](Policy::period) is
/// refused from then on, until a period has passed without it being seen.
///
/// # What a fingerprint covers
/// The bytes of one message as they came, under a key of the listener (SipHash-1-3 with 128 bits), and
/// nothing else: not who sent it, nor what came before. A message that crashes handlers only in
/// company is blamed alone. One that differs in a byte is another message, which counts from the
/// start: that no peer crashes handlers again and again is for the limit of crashes to see to.
///
/// # False refusals
/// A message that never crashed anything is refused with a chance of at most 512 × 2^-128 (the
/// quarantined fingerprints), that is 2^-119, as long as the key is random and secret. Such a
/// refusal heals like any other, once the message stays away for a period.
///
/// # Bounds
/// At most 1024 fingerprints are known: 512 quarantined, and 512 that crashed fewer handlers. Among
/// these the one that crashed least recently makes room, and never a quarantined one: whoever sends
/// ever new messages that crash pushes nothing out of quarantine. When 513 have earned it, the
/// quarantined message goes that was not seen for the longest.
///
/// # Cost
/// One relaxed load per message where nothing crashed. When armed, hashing the message and a look-up
/// without a lock. Only crashes, and whatever expires, take a lock.
///
/// ```
/// # use tokio::time::Instant;
/// # use trunkline_actors::protocol::quarantine::{Policy, Quarantine, Verdict};
/// let (random, now) = ([7; 16], Instant::now());
/// let quarantine = Quarantine::new(random, Policy::default(), now);
/// let fingerprint = |message: &[u8]| {
///     quarantine.is_armed().then(|| {
///         let mut hasher = quarantine.hasher();
///         hasher.update(message);
///         hasher.finish()
///     })
/// };
///
/// for _ in 0..4 {
///     // The handler crashes over a message, at first over one that nobody took a fingerprint of.
///     quarantine.crashed(fingerprint(b"%n"), now);
/// }
/// let verdict = |message| fingerprint(message).map(|it| quarantine.admit(it, now));
/// assert_eq!(verdict(b"%n"), Some(Verdict::Refuse));
/// assert_eq!(verdict(b"%s"), Some(Verdict::Pass));
/// ```
pub struct Quarantine {
    key: [u8; 16],
    policy: Policy,
    start: Instant,
    armed: AtomicBool,
    refused: AtomicU64,
    /// Replaced as a whole when a message is quarantined or healed, under the lock of `crashes`.
    quarantined: ArcSwap<HashMap<Fingerprint, Arc<Seen>>>,
    /// When something expires next, at the earliest.
    expiry: AtomicU64,
    crashes: Mutex<Crashes>,
}

struct Crashes {
    suspects: Suspects,
    last: u64,
}

/// When a quarantined message was last seen.
struct Seen(AtomicU64);

/// Quarantined at once; as many may be suspect.
pub(super) const CAPACITY: usize = 512;

/// Nanoseconds after the start that do not come.
const NEVER: u64 = u64::MAX;

impl Quarantine {
    /// Empty and disarmed. `key` is random and secret: who knows it can forge a fingerprint. `now` is
    /// the earliest time that is told later.
    #[must_use]
    pub fn new(key: [u8; 16], policy: Policy, now: Instant) -> Self {
        Self {
            key,
            policy,
            start: now,
            armed: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            quarantined: ArcSwap::default(),
            expiry: AtomicU64::new(NEVER),
            crashes: Mutex::new(Crashes { suspects: Suspects::new(policy, CAPACITY), last: 0 }),
        }
    }

    /// Whether messages are to be fingerprinted and asked for: some handler has crashed.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.armed.load(Relaxed)
    }

    /// Begins the fingerprint of one message.
    #[must_use]
    pub fn hasher(&self) -> Fingerprinting {
        Fingerprinting::new(&self.key)
    }

    /// Whether a message may reach a handler. Only of use while [armed](Self::is_armed).
    #[must_use]
    pub fn admit(&self, fingerprint: Fingerprint, now: Instant) -> Verdict {
        let now = self.since_start(now);
        if now >= self.expiry.load(Relaxed) {
            // Whoever has the lock sees to it.
            if let Some(mut crashes) = self.crashes.try_lock() {
                self.forget(&mut crashes, now);
            }
        }
        match self.quarantined.load().get(&fingerprint) {
            Some(seen) if !self.is_past(seen.at(), now) => {
                seen.again(now);
                self.refused.fetch_add(1, Relaxed);
                Verdict::Refuse
            }
            Some(_) | None => Verdict::Pass,
        }
    }

    /// A handler crashed: over the message of this fingerprint, or over one that has none, since
    /// nothing was armed or no message was at hand. Says when that quarantines the message: once, so
    /// that it can be logged.
    pub fn crashed(&self, fingerprint: Option<Fingerprint>, now: Instant) -> Option<Quarantined> {
        let (time, mut crashes) = (self.since_start(now), self.crashes.lock());
        crashes.last = crashes.last.max(time);
        self.armed.store(true, Relaxed);
        self.forget(&mut crashes, time);
        let fingerprint = fingerprint?;
        if let Some(seen) = self.quarantined.load().get(&fingerprint) {
            // It had reached another handler before it was quarantined.
            seen.again(time);
            return None;
        }
        if !crashes.suspects.crashed(fingerprint, now) {
            return None;
        }
        self.quarantine(fingerprint, time);
        let Policy { threshold, period } = self.policy;
        Some(Quarantined { fingerprint, crashes: u32::from(threshold.get()), period })
    }

    /// How full it is.
    #[must_use]
    pub fn numbers(&self) -> Numbers {
        let quarantined = self.quarantined.load().len();
        let known = self.crashes.lock().suspects.len() + quarantined;
        Numbers { armed: self.is_armed(), known, quarantined, refused: self.refused.load(Relaxed) }
    }

    fn quarantine(&self, fingerprint: Fingerprint, now: u64) {
        let mut quarantined = HashMap::clone(&self.quarantined.load());
        if quarantined.len() >= CAPACITY {
            let unseen = quarantined.iter().min_by_key(|(_, seen)| seen.at()).map(|(it, _)| *it);
            unseen.and_then(|unseen| quarantined.remove(&unseen));
        }
        quarantined.insert(fingerprint, Arc::new(Seen(AtomicU64::new(now))));
        self.quarantined.store(Arc::new(quarantined));
    }

    /// Forgets what is past, and disarms if nothing is left.
    fn forget(&self, crashes: &mut Crashes, now: u64) {
        crashes.suspects.forget(self.start + Duration::from_nanos(now));
        let quarantined = self.quarantined.load();
        if quarantined.values().any(|seen| self.is_past(seen.at(), now)) {
            let mut left = HashMap::clone(&quarantined);
            left.retain(|_, seen| !self.is_past(seen.at(), now));
            self.quarantined.store(Arc::new(left));
        }
        // Suspects are not younger than the last crash.
        if self.is_past(crashes.last, now) && self.quarantined.load().is_empty() {
            self.armed.store(false, Relaxed);
        }
        self.plan(crashes, now);
    }

    /// Notes when something expires next. What is quarantined later, or seen again, expires later.
    fn plan(&self, crashes: &Crashes, now: u64) {
        let last = if self.is_past(crashes.last, now) { NEVER } else { crashes.last };
        let quarantined = self.quarantined.load();
        let first = quarantined.values().map(|seen| seen.at()).fold(last, u64::min);
        self.expiry.store(self.end_of(first).saturating_add(1), Relaxed);
    }

    fn is_past(&self, time: u64, now: u64) -> bool {
        now > self.end_of(time)
    }

    fn end_of(&self, time: u64) -> u64 {
        time.saturating_add(nanos(self.policy.period))
    }

    fn since_start(&self, now: Instant) -> u64 {
        nanos(now.saturating_duration_since(self.start))
    }
}

impl Seen {
    fn at(&self) -> u64 {
        self.0.load(Relaxed)
    }

    fn again(&self, now: u64) {
        self.0.fetch_max(now, Relaxed);
    }
}

impl Detail for Quarantine {
    fn detail(&self) -> serde_json::Value {
        let Numbers { armed, known, quarantined, refused } = self.numbers();
        serde_json::json!({
            "armed": armed, "known": known, "quarantined": quarantined, "refused": refused,
        })
    }
}

/// 584 years are the longest.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NEVER)
}

#[cfg(test)]
mod tests;
