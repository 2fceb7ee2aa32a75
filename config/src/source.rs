//! The text of a settings file and the format it is written in.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path as FilePath, PathBuf};

use crate::document::Lines;
use crate::mistake::{Mistakes, Origin, Place, Problem};
use crate::nearest::nearest;
use crate::path::Path;
use crate::quote::quote;

/// The largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The language a file is written in; all three carry the same schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.1, the form that the documentation uses: `.toml`.
    Toml,
    /// YAML 1.2, one document: `.yaml` or `.yml`.
    Yaml,
    /// JSON after RFC 8259: `.json`.
    Json,
}

impl Format {
    /// The format that the file's name says, by its extension in any case.
    ///
    /// # Errors
    /// If the extension is missing or none of `.toml`, `.yaml`, `.yml`, `.json`.
    pub fn of(file: &FilePath) -> Result<Self, Mistakes> {
        let extension = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match extension.as_str() {
            "toml" => Ok(Self::Toml),
            "yaml" | "yml" => Ok(Self::Yaml),
            "json" => Ok(Self::Json),
            other => {
                let message = if other.is_empty() {
                    "has no extension to tell its format by".to_owned()
                } else {
                    format!("has the extension {}, which is no known format", quote(other))
                };
                Err(whole_file(
                    file,
                    Problem::new(message)
                        .remedy("name the file .toml, .yaml, .yml or .json")
                        .nearest(nearest(other, ["toml", "yaml", "json"])),
                ))
            }
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Toml => "TOML",
            Self::Yaml => "YAML",
            Self::Json => "JSON",
        })
    }
}

/// Settings as text: a file that was read, or a text that the program brings with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    pub(crate) name: String,
    pub(crate) format: Format,
    pub(crate) text: String,
    /// The directory of the file, against which the files that it names are resolved.
    pub(crate) folder: Option<PathBuf>,
}

/// Without the text, in which there may be secrets.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?}, {})", self.name, self.format)
    }
}

impl Source {
    /// A text in memory. `name` is what mistakes call it. Files that it names are relative to the
    /// directory of the process.
    pub fn new(name: impl Into<String>, format: Format, text: impl Into<String>) -> Self {
        Self { name: name.into(), format, text: text.into(), folder: None }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If its format is not known, if it is not a regular file that can be read, if it is larger
    /// than [`MAX_FILE_BYTES`], or if it is not UTF-8.
    pub fn read(file: &FilePath) -> Result<Self, Mistakes> {
        let format = Format::of(file)?;
        let bytes = bytes_of(file).map_err(|problem| whole_file(file, problem))?;
        let text = String::from_utf8(bytes).map_err(|error| not_utf8(file, &error))?;
        let folder = file.parent().map(FilePath::to_path_buf);
        Ok(Self { folder, ..Self::new(file.to_string_lossy(), format, text) })
    }

    /// The origin of a mistake in this text.
    pub(crate) fn origin(&self, place: Option<Place>) -> Origin {
        Origin::File { name: self.name.clone(), place }
    }
}

pub(crate) fn whole_file(file: &FilePath, problem: Problem) -> Mistakes {
    let origin = Origin::File { name: file.to_string_lossy().into_owned(), place: None };
    problem.at(origin, &Path::default()).into()
}

pub(crate) fn bytes_of(file: &FilePath) -> Result<Vec<u8>, Problem> {
    let unreadable = |error: std::io::Error| {
        if error.kind() == ErrorKind::NotFound {
            Problem::new("there is no such file").remedy("check the path")
        } else if error.kind() == ErrorKind::PermissionDenied {
            Problem::new("may not be read by this user")
                .remedy("give it to the user that the server runs as, by its owner or its mode")
        } else {
            Problem::new(format!("cannot be read ({error})"))
        }
    };
    // Before it is opened: opening a pipe would wait for whoever writes into it.
    let metadata = std::fs::metadata(file).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(Problem::new("is a directory").remedy("give the path of a file in it"));
    }
    if !metadata.is_file() {
        return Err(Problem::new("is not a regular file").remedy("give the path of a file"));
    }
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|opened| opened.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Problem::new(format!(
            "is larger than {} MiB, the most that is read",
            MAX_FILE_BYTES / (1024 * 1024)
        ))
        .remedy("check that it is a settings file"));
    }
    Ok(bytes)
}

fn not_utf8(file: &FilePath, error: &std::string::FromUtf8Error) -> Mistakes {
    let bytes = error.as_bytes();
    let valid = error.utf8_error().valid_up_to();
    let message = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "is UTF-16, not UTF-8".to_owned(),
        _ => format!("byte {:#04x} is not UTF-8", bytes.get(valid).unwrap_or(&0)),
    };
    let place = Some(Lines::of(bytes).place(valid));
    let origin = Origin::File { name: file.to_string_lossy().into_owned(), place };
    Problem::new(message).remedy("save the file as UTF-8").at(origin, &Path::default()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_says_the_format() {
        let of = |name: &str| Format::of(FilePath::new(name));
        assert_eq!(of("a/b.toml"), Ok(Format::Toml));
        assert_eq!(of("b.YML"), Ok(Format::Yaml));
        assert_eq!(of("b.yaml"), Ok(Format::Yaml));
        assert_eq!(of("b.json"), Ok(Format::Json));
        assert_eq!(
            of("b.tmol").expect_err("no format").to_string(),
            "b.tmol: has the extension \"tmol\", which is no known format: \
             name the file .toml, .yaml, .yml or .json; did you mean \"toml\"?\n1 mistake"
        );
        assert!(of("trunkline").expect_err("no format").to_string().contains("has no extension"));
    }
}
