mod properties;
mod reading;
mod refusals;
mod traced;
mod writing;

use std::mem::MaybeUninit;
use std::net::IpAddr;

use super::{Onward, RequestHead};
use crate::http::limits::{HeadLimits, MOST_FIELDS};
use crate::http::refusal::Refusal;

const LIMITS: HeadLimits = HeadLimits { size: 1024, fields: 20 };

/// What becomes of `bytes`.
fn parse<T>(
    bytes: &[u8],
    seen: impl FnOnce(RequestHead<'_, '_>) -> T,
) -> Result<Option<T>, Refusal> {
    let mut storage = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    RequestHead::parse(bytes, &mut storage, &LIMITS).map(|head| head.map(seen))
}

/// What is seen in a whole head that is right.
fn seen<T>(bytes: &str, seen: impl FnOnce(RequestHead<'_, '_>) -> T) -> T {
    parse(bytes.as_bytes(), seen).unwrap().unwrap()
}

fn onward(path: &str) -> Onward<'_> {
    Onward {
        path: path.as_bytes(),
        client: IpAddr::from([192, 0, 2, 1]),
        trusted: false,
        close: false,
        trace: None,
    }
}

/// What the backend gets, all of it.
fn written(bytes: &str, change: impl FnOnce(&mut Onward<'_>)) -> String {
    seen(bytes, |head| {
        let mut onward = onward(head.path);
        change(&mut onward);
        let mut to = Vec::new();
        head.write(&mut to, &onward);
        String::from_utf8(to).unwrap()
    })
}
