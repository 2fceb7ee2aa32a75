//! A request whose head has been read.

use std::mem::MaybeUninit;
use std::rc::Rc;
use std::sync::Arc;

use tokio::time::Instant;

use super::Site;
use super::account::Account;
use crate::http::exchange::Exchange;
use crate::http::limits::MOST_FIELDS;
use crate::http::refusal::Refusal;
use crate::http::request::{Onward, RequestHead};
use crate::http::route::{Query, Route, Target};
use crate::record::Record;
use crate::spare::Lent;

/// A request that is to be served.
pub(super) struct Begun {
    pub(super) account: Account,
    pub(super) exchange: Exchange,
    /// None where none fits.
    pub(super) route: Option<Arc<Route>>,
    /// What the backend gets first: the head, and as much of the body as came with it. For a target
    /// of our own: where to, if it is a redirect.
    pub(super) first: Lent,
    /// Whether it may be sent twice.
    pub(super) repeatable: bool,
    /// The client waits to be told to go on before it sends the body.
    pub(super) expects_continue: bool,
    pub(super) is_head: bool,
    /// No answer is wanted after this.
    pub(super) deadline: Option<Instant>,
}

/// What some bytes of a client are.
pub(super) enum Begin {
    /// Not yet a whole head.
    More,
    /// A request, and how many of the bytes were its.
    Request(Box<Begun>, usize),
    /// What is no request, or not one for us.
    Refused(Refusal, Box<Account>),
}

/// Reads the head at the beginning of `bytes`; the first of them came at `began`, the last `now`.
pub(super) fn begin(
    site: &Site,
    record: &Rc<Record>,
    bytes: &[u8],
    began: Instant,
    now: Instant,
) -> Begin {
    let mut storage = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let head = match RequestHead::parse(bytes, &mut storage, &site.limits.heads) {
        Ok(Some(head)) => head,
        Ok(None) => return Begin::More,
        Err(refusal) => {
            let mut account = Account::new(record, &site.log, began, now);
            account.babbles(bytes);
            account.bytes_in = bytes.len() as u64;
            return Begin::Refused(refusal, Box::new(account));
        }
    };
    let mut account = Account::new(record, &site.log, began, now);
    account.asks(&head);
    match request(site, record, bytes, &head, &mut account) {
        Ok(Prepared { exchange, route, first, used }) => {
            let begun = Begun {
                exchange,
                route,
                first,
                repeatable: head.may_be_repeated(),
                expects_continue: head.expects_continue,
                is_head: head.method == "HEAD",
                deadline: site.times.request.map(|limit| began + limit),
                account,
            };
            Begin::Request(Box::new(begun), used)
        }
        Err(refusal) => Begin::Refused(refusal, Box::new(account)),
    }
}

/// What a head leads to.
struct Prepared {
    exchange: Exchange,
    route: Option<Arc<Route>>,
    first: Lent,
    /// Bytes of the request so far.
    used: usize,
}

/// Routes it, and writes what its target gets first.
fn request(
    site: &Site,
    record: &Record,
    bytes: &[u8],
    head: &RequestHead<'_, '_>,
    account: &mut Account,
) -> Result<Prepared, Refusal> {
    account.bytes_in = head.length as u64;
    let mut exchange = Exchange::begin(head, &site.limits)?;
    let mut used = head.length;
    let query = Query {
        host: head.host.as_bytes(),
        path: head.path.as_bytes(),
        method: head.method.as_bytes(),
        fields: head.fields,
    };
    let mut first = Lent::new();
    let route = site.routes.find(&query).cloned();
    if let Some(route) = &route {
        account.routed(route);
        match &route.target {
            Target::Pool { rewrite, .. } => {
                let mut rewritten = Lent::new();
                let path = match rewrite {
                    Some(rewrite) => {
                        rewrite.write(query.path, &mut rewritten);
                        &rewritten[..]
                    }
                    None => query.path,
                };
                let client = record.client().ip().to_canonical();
                let trusted = (site.trusted)(client);
                head.write(&mut first, &Onward { path, client, trusted, close: false });
                let body = &bytes[used..];
                let taken = exchange.from_client(body, &mut first)?;
                if taken.verbatim {
                    first.extend_from_slice(&body[..taken.used]);
                }
                used += taken.used;
            }
            Target::Redirect(redirect) if redirect.wants_host() && head.host.is_empty() => {
                return Err(Refusal::NoHost);
            }
            Target::Redirect(redirect) => {
                redirect.location(query.host, query.path, &mut first);
            }
            Target::Answer(_) => {}
        }
    }
    account.bytes_in = used as u64;
    Ok(Prepared { exchange, route, first, used })
}
