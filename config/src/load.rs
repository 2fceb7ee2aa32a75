//! From a file to settings, in the steps that the crate's page lists.

use std::ffi::OsString;
use std::path::Path as FilePath;

use crate::document;
use crate::environment;
use crate::layers::{Layers, Override};
use crate::masked::Masked;
use crate::mistake::{Findings, Mistakes, Problem};
use crate::otel;
use crate::path::Path;
use crate::protocols::Protocols;
use crate::rules;
use crate::schema::ROOT;
use crate::settings::Settings;
use crate::source::Source;
use crate::walk::walk;

/// Loads a file; `environment` is usually [`std::env::vars_os`].
///
/// The protocols are those that every program knows. A program that brings others loads with
/// [`Protocols::load`].
///
/// # Errors
/// All mistakes in the file, the environment and the overrides; only the file's own, if it cannot
/// be read or parsed.
pub fn load(
    file: &FilePath,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    overrides: impl IntoIterator<Item = Override>,
) -> Result<Settings, Mistakes> {
    Protocols::default().load(file, environment, overrides)
}

/// Does what [`load()`] does with a text in memory. An empty one is fine if the overrides bring all
/// that is required.
///
/// # Errors
/// As [`load()`].
pub fn parse(
    source: &Source,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    overrides: impl IntoIterator<Item = Override>,
) -> Result<Settings, Mistakes> {
    Protocols::default().parse(source, environment, overrides)
}

impl Protocols {
    /// Loads a file that may name these protocols; `environment` is usually [`std::env::vars_os`].
    ///
    /// # Errors
    /// All mistakes in the file, the environment and the overrides, those that the protocols find
    /// included; only the file's own, if it cannot be read or parsed.
    pub fn load(
        &self,
        file: &FilePath,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        overrides: impl IntoIterator<Item = Override>,
    ) -> Result<Settings, Mistakes> {
        self.parse(&Source::read(file)?, environment, overrides)
    }

    /// Does what [`Protocols::load`] does with a text in memory. An empty one is fine if the
    /// overrides bring all that is required.
    ///
    /// # Errors
    /// As [`Protocols::load`].
    pub fn parse(
        &self,
        source: &Source,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        overrides: impl IntoIterator<Item = Override>,
    ) -> Result<Settings, Mistakes> {
        let mut findings = Findings::default();
        let (root, faults) = document::parse(source);
        for (place, problem) in faults {
            findings.push(problem.at(source.origin(Some(place)), &Path::default()));
        }
        let Some(root) = root else {
            return Err(findings.into_mistakes());
        };
        let flags: Vec<_> = overrides.into_iter().collect();
        let variables: Vec<_> = environment.into_iter().collect();
        let mut laid = environment::overrides(&variables, &root, &flags, &mut findings);
        laid.extend(flags);
        let mut layers = Layers::new(source, &root, laid);
        let mut otel = otel::read(&variables, &layers, &mut findings);
        layers.below(std::mem::take(&mut otel.laid));
        let settings = layers.merged().and_then(|merged| {
            let checked = walk(ROOT, &merged, &layers, &mut findings);
            rules::check(&checked, &layers, self, &mut findings);
            let given = rules::settings(&checked, &layers, self, &mut findings);
            let masked = Masked::new(&checked);
            let mut settings: Settings = config::Value::from(checked).try_deserialize()?;
            settings.show(masked);
            settings.give(given);
            settings.take(otel);
            settings.resolve(source.folder.as_deref());
            Ok(settings)
        });
        if !findings.is_empty() {
            return Err(findings.into_mistakes());
        }
        // What the schema accepts, the settings can hold; a fault in that would end up here.
        settings.map_err(|error| {
            Problem::new(error.to_string()).at(layers.whole(), &Path::default()).into()
        })
    }
}
