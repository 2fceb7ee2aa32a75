//! A file of its own for the backends of a pool, which is read again whenever it changes.

use std::path::Path as FilePath;

use crate::document;
use crate::layers::Layers;
use crate::mistake::{Findings, Mistakes, Problem};
use crate::nearest::nearest;
use crate::path::Path;
use crate::quote::quote;
use crate::rules;
use crate::schema::{BACKENDS_FILE, TextRule};
use crate::settings::Backend;
use crate::source::{Source, whole_file};
use crate::walk::{Checked, walk};

/// The extensions that a file of backends may have.
const EXTENSIONS: [&str; 2] = ["toml", "json"];

pub(crate) static FILE: TextRule = TextRule {
    noun: "the path of a file",
    describe: "the path of a file of backends, such as \"web.backends.toml\"",
    check: |text| extension(text).map(|()| text.to_owned()),
};

/// Loads a file of backends: `backends = [ … ]` as in a pool, in TOML or JSON.
///
/// A file may be read while it is being written, so one without backends is a mistake, as is
/// everything that would be one in a pool: what is half of a file does not empty the pool. A writer
/// that renames a finished file into place cannot be read too early.
///
/// # Errors
/// All mistakes in the file; also if it cannot be read, or is neither `.toml` nor `.json`.
pub fn load_backends(file: &FilePath) -> Result<Vec<Backend>, Mistakes> {
    extension(&file.to_string_lossy()).map_err(|problem| whole_file(file, problem))?;
    parse_backends(&Source::read(file)?)
}

/// Does what [`load_backends`] does with a text in memory.
///
/// # Errors
/// All mistakes in the text.
pub fn parse_backends(source: &Source) -> Result<Vec<Backend>, Mistakes> {
    let mut findings = Findings::default();
    let (root, faults) = document::parse(source);
    for (place, problem) in faults {
        findings.push(problem.at(source.origin(Some(place)), &Path::default()));
    }
    let Some(root) = root else {
        return Err(findings.into_mistakes());
    };
    let layers = Layers::new(source, &root, Vec::new());
    let backends = layers.merged().and_then(|merged| {
        let mut checked = walk(BACKENDS_FILE, &merged, &layers, &mut findings);
        rules::check_backends(&checked, &layers, &mut findings);
        take(&mut checked)
    });
    if !findings.is_empty() {
        return Err(findings.into_mistakes());
    }
    // What the schema accepts, the settings can hold; a fault in that would end up here.
    backends.map_err(|error| {
        Problem::new(error.to_string()).at(layers.whole(), &Path::default()).into()
    })
}

fn take(checked: &mut Checked) -> Result<Vec<Backend>, config::ConfigError> {
    checked.remove("backends").unwrap_or_else(|| config::ValueKind::Nil.into()).try_deserialize()
}

fn extension(file: &str) -> Result<(), Problem> {
    let extension = FilePath::new(file).extension().unwrap_or_default().to_string_lossy();
    if EXTENSIONS.contains(&extension.to_lowercase().as_str()) {
        return Ok(());
    }
    let problem = Problem::new(format!("{} is no file of backends", quote(file)));
    Err(problem.remedy("name the file .toml or .json").nearest(nearest(&extension, EXTENSIONS)))
}
