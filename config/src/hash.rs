//! What decides which backend serves a client or a request.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::http::{cookie, header};
use crate::mistake::Problem;
use crate::nearest::nearest;
use crate::quote::quote;
use crate::schema::TextRule;

const NAMES: [&str; 5] = ["address", "path", "query:", "header:", "cookie:"];

const WRITE: &str = "write one of address, path, query:NAME, header:NAME, cookie:NAME";

pub(crate) static RULE: TextRule = TextRule {
    noun: "something to hash",
    describe: "one of address, path, query:NAME, header:NAME, cookie:NAME",
    check: |text| read(text).map(|hash| hash.to_string()),
};

/// What the hashing algorithms hash: what is equal in it goes to the same backend. What has nothing
/// to hash, such as a request without the header field, is up to whoever balances.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum Hash {
    /// The client's address, without its port.
    Address,
    /// The path of the request, without its query.
    Path,
    /// The value of a parameter in the query; its name as it is written there, with case.
    Query(String),
    /// The value of a header field; its name in lower case.
    Header(String),
    /// The value of a cookie; its name with case.
    Cookie(String),
}

/// As it is written in a file.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("address"),
            Self::Path => f.write_str("path"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Cookie(name) => write!(f, "cookie:{name}"),
        }
    }
}

/// A text that says nothing to hash; says why and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashError(String);

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HashError {}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).map_err(|problem| HashError(problem.to_string()))
    }
}

impl TryFrom<String> for Hash {
    type Error = HashError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

fn read(text: &str) -> Result<Hash, Problem> {
    let refused = |why: &str| Problem::new(format!("{} {why}", quote(text)));
    match text.split_once(':') {
        None if text == "address" => Ok(Hash::Address),
        None if text == "path" => Ok(Hash::Path),
        None if ["query", "header", "cookie"].contains(&text) => {
            let remedy = format!("write its name after a colon, as in \"{text}:NAME\"");
            Err(refused("does not say which one").remedy(remedy))
        }
        Some(("query", name)) => query(name).map(Hash::Query),
        Some(("header", name)) => header::name(name).map(Hash::Header),
        Some(("cookie", name)) => cookie::check(name).map(|()| Hash::Cookie(name.to_owned())),
        Some((kind, _)) => {
            let nearest = nearest(&format!("{kind}:"), NAMES);
            Err(refused("is nothing that can be hashed").remedy(WRITE).nearest(nearest))
        }
        None => {
            let nearest = nearest(text, NAMES);
            Err(refused("is nothing that can be hashed").remedy(WRITE).nearest(nearest))
        }
    }
}

/// A name as it can stand in a query: visible ASCII without what would end it.
fn query(name: &str) -> Result<String, Problem> {
    let stands = |byte: u8| byte.is_ascii_graphic() && !b"&=#".contains(&byte);
    if !name.is_empty() && name.bytes().all(stands) {
        return Ok(name.to_owned());
    }
    Err(Problem::new(format!("{} is not the name of a parameter", quote(name)))
        .remedy("write the name as it stands in a query, as in \"query:user\""))
}
