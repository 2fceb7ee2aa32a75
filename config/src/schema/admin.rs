//! The section `admin`.

use super::Presence::{Default, Optional};
use super::sections::scalar;
use super::{Field, Kind, Shape};
use crate::{admin, file, secret};

pub(super) static ADMIN: &[Field] = &[
    scalar(
        "token_file",
        Kind::Text(&file::TOKEN),
        Optional("no token is asked for, unless the key token is there"),
        "A file whose first line is the token; relative to this file's directory.",
    ),
    scalar(
        "token",
        Kind::Secret(&secret::TOKEN),
        Optional("no token is asked for, unless the key token_file is there"),
        "What requests to the admin API bring as Authorization: Bearer TOKEN.",
    ),
    Field {
        name: "hosts",
        shape: Shape::Values(Kind::Text(&admin::HOST), Default("[]")),
        doc: "What requests may name as their host, beside loopback and the address of the API.",
    },
];
