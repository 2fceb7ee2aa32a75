//! The token of the admin API, from a file of its own.

use std::path::Path as FilePath;

use crate::mistake::{Mistakes, Origin, Place, Problem};
use crate::path::Path;
use crate::secret::{Secret, TOKEN};
use crate::source::{bytes_of, whole_file};

/// Reads the token of the admin API from a file: its first line, without spaces around it.
///
/// # Errors
/// If the file cannot be read, or its first line is no token: of at least 16 letters, digits and signs
/// of ASCII. What is said of a mistaken one does not show it.
pub fn load_token(file: &FilePath) -> Result<Secret, Mistakes> {
    let bytes = bytes_of(file).map_err(|problem| whole_file(file, problem))?;
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let origin = || Origin::File {
        name: file.to_string_lossy().into_owned(),
        place: Some(Place { line: 1, column: 1 }),
    };
    let token = match std::str::from_utf8(line) {
        Ok(line) => TOKEN.read(line.trim()),
        Err(_) => Err(Problem::new("is not UTF-8").remedy("save the file as UTF-8")),
    };
    token.map_err(|problem| problem.at(origin(), &Path::default()).into())
}
