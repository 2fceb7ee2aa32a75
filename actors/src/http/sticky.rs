//! The cookie that keeps a client with one backend.
//!
//! It holds what the backend is called, until when it is good, and a signature over both and the name
//! of the pool (HMAC-SHA-256, of which the first half is sent, RFC 2104 §5): a client cannot choose
//! its backend. What a backend is called is a hash of its address without a secret, so that replicas
//! agree: who tries all addresses can find it.

use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::cookie;

/// Bytes of the signature that are sent.
const SIGNATURE: usize = 16;
/// Bytes of what is signed: the backend's tag and the end of its life.
const SIGNED: usize = 16;
/// Characters of a value.
const LENGTH: usize = (SIGNED + SIGNATURE).div_ceil(3) * 4 - 1;

/// How the clients of a pool are kept with their backends.
#[derive(Clone)]
pub struct Sticky {
    cookie: Box<str>,
    life: Duration,
    key: Hmac<Sha256>,
}

/// What a client came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stuck {
    /// What its backend is called.
    pub tag: u64,
    /// Whether more than half of the cookie's life is over.
    pub aging: bool,
}

impl Sticky {
    /// Of the pool of that name. `cookie` is the cookie's name, a token; `key` should be as long as
    /// the signature is strong: at least 32 bytes.
    #[must_use]
    pub fn new(pool: &str, cookie: &str, life: Duration, key: &[u8]) -> Self {
        // HMAC takes a key of any length; a name is not longer than 63 bytes.
        let mut mac =
            Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
        mac.update(&[pool.len() as u8]);
        mac.update(pool.as_bytes());
        Self { cookie: cookie.into(), life, key: mac }
    }

    /// A key that nobody else has: cookies signed with it end with the process.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn random_key() -> std::io::Result<[u8; 32]> {
        let mut key = [0; 32];
        // So few bytes come all at once.
        rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty())?;
        Ok(key)
    }

    /// Which backend the client has been with, if its cookie is good.
    #[must_use]
    pub fn read(&self, fields: &[httparse::Header<'_>], now: SystemTime) -> Option<Stuck> {
        let value = cookie::find(fields, &self.cookie).filter(|value| value.len() == LENGTH)?;
        let mut bytes = [0; SIGNED + SIGNATURE];
        let length = URL_SAFE_NO_PAD.decode_slice(value, &mut bytes).ok()?;
        let (signed, signature) = bytes.get(..length)?.split_at_checked(SIGNED)?;
        let mut mac = self.key.clone();
        mac.update(signed);
        mac.verify_truncated_left(signature).ok()?;
        let (tag, until) = signed.split_at(8);
        let until = u64::from_be_bytes(until.try_into().ok()?);
        let left = until.checked_sub(seconds(now)).filter(|left| *left > 0)?;
        let aging = left < self.life.as_secs() / 2;
        Some(Stuck { tag: u64::from_be_bytes(tag.try_into().ok()?), aging })
    }

    /// Appends the field that keeps a client with the backend of that tag.
    pub fn write(&self, tag: u64, now: SystemTime, to: &mut Vec<u8>) {
        let life = self.life.as_secs().max(1);
        let mut bytes = [0; SIGNED + SIGNATURE];
        bytes[..8].copy_from_slice(&tag.to_be_bytes());
        bytes[8..SIGNED].copy_from_slice(&seconds(now).saturating_add(life).to_be_bytes());
        let mut mac = self.key.clone();
        mac.update(&bytes[..SIGNED]);
        let signature = mac.finalize().into_bytes();
        bytes[SIGNED..].copy_from_slice(&signature[..SIGNATURE]);
        let (name, value) = (&self.cookie, URL_SAFE_NO_PAD.encode(bytes));
        // Writing into memory does not fail.
        let _ = write!(
            to,
            "Set-Cookie: {name}={value}; Path=/; Max-Age={life}; HttpOnly; SameSite=Lax\r\n"
        );
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl std::fmt::Debug for Sticky {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sticky").field("cookie", &self.cookie).finish_non_exhaustive()
    }
}

impl PartialEq for Sticky {
    /// Whether each takes the other's cookies.
    fn eq(&self, other: &Self) -> bool {
        let signed = |sticky: &Self| sticky.key.clone().finalize().into_bytes();
        self.cookie == other.cookie && self.life == other.life && signed(self) == signed(other)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIFE: Duration = Duration::from_secs(3600);
    const KEY: &[u8] = &[7; 32];

    fn at(second: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_000_000 + second)
    }

    fn value(sticky: &Sticky, tag: u64) -> String {
        let mut field = Vec::new();
        sticky.write(tag, at(0), &mut field);
        let field = String::from_utf8(field).unwrap();
        field.strip_prefix("Set-Cookie: b=").unwrap().split(';').next().unwrap().to_owned()
    }

    fn read(sticky: &Sticky, value: &str, second: u64) -> Option<Stuck> {
        let cookie = format!("a=1; b={value}");
        let fields = [httparse::Header { name: "cookie", value: cookie.as_bytes() }];
        sticky.read(&fields, at(second))
    }

    #[test]
    fn a_cookie_holds_for_its_life_and_for_its_pool() {
        let sticky = Sticky::new("web", "b", LIFE, KEY);
        let value = value(&sticky, 99);
        assert_eq!(read(&sticky, &value, 10), Some(Stuck { tag: 99, aging: false }));
        assert_eq!(read(&sticky, &value, 1801), Some(Stuck { tag: 99, aging: true }));
        assert_eq!(read(&sticky, &value, 3600), None);
        assert_eq!(read(&Sticky::new("api", "b", LIFE, KEY), &value, 10), None);
        assert_eq!(read(&Sticky::new("web", "b", LIFE, &[8; 32]), &value, 10), None);
    }

    proptest! {
        #[test]
        fn what_was_changed_anywhere_is_not_believed(
            tag in any::<u64>(), place in 0..LENGTH, byte in any::<u8>(),
        ) {
            let sticky = Sticky::new("web", "b", LIFE, KEY);
            let good = value(&sticky, tag);
            let mut bad = good.clone().into_bytes();
            bad[place] = byte;
            if let Ok(bad) = String::from_utf8(bad)
                && bad != good
            {
                prop_assert_eq!(read(&sticky, &bad, 10), None);
            }
        }

        #[test]
        fn nothing_that_a_client_sends_is_too_much(value in "\\PC{0,100}") {
            let _ = read(&Sticky::new("web", "b", LIFE, KEY), &value, 10);
        }
    }
}
