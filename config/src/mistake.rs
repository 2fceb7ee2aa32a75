//! What is wrong with the settings, where, and what to write instead.

use std::error::Error;
use std::fmt;

use crate::path::Path;
use crate::quote::{escape, quote};

/// Mistakes that are kept; a file with more of them is not repaired from a list.
const KEPT: usize = 1_000;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The file; without a place if the mistake concerns all of it.
    File {
        /// As it was given to the program.
        name: String,
        /// Where in the file.
        place: Option<Place>,
    },
    /// A variable of the environment, by name.
    Variable(String),
    /// A flag of the command line, by name.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, place: None } => f.write_str(&escape(name)),
            Self::File { name, place: Some(Place { line, column }) } => {
                write!(f, "{}:{line}:{column}", escape(name))
            }
            Self::Variable(name) | Self::Flag(name) => f.write_str(&escape(name)),
        }
    }
}

/// What is wrong with a value, before it is known where that value stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    message: String,
    remedy: Option<String>,
    nearest: Option<String>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), remedy: None, nearest: None }
    }

    /// What to do instead, as an imperative: `write one of a, b`.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    pub(crate) fn nearest(mut self, nearest: Option<&str>) -> Self {
        self.nearest = nearest.map(str::to_owned);
        self
    }

    pub(crate) fn at(self, origin: Origin, path: &Path) -> Mistake {
        Mistake { origin, path: path.to_string(), problem: self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(remedy) = &self.remedy {
            write!(f, ": {remedy}")?;
        }
        if let Some(nearest) = &self.nearest {
            write!(f, "; did you mean {}?", quote(nearest))?;
        }
        Ok(())
    }
}

/// One mistake in the settings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    origin: Origin,
    path: String,
    problem: Problem,
}

impl Mistake {
    /// The file and the place in it, the variable or the flag.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The place in the file, unless the mistake is not in the file or concerns all of it.
    pub fn place(&self) -> Option<Place> {
        match self.origin {
            Origin::File { place, .. } => place,
            Origin::Variable(_) | Origin::Flag(_) => None,
        }
    }

    /// The path of the setting, such as `pool.web.balance`; empty if no one setting is concerned.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.problem.message
    }

    /// What to write or do instead.
    pub fn remedy(&self) -> Option<&str> {
        self.problem.remedy.as_deref()
    }

    /// The name that was probably meant.
    pub fn nearest(&self) -> Option<&str> {
        self.problem.nearest.as_deref()
    }
}

/// One line: `file.toml:12:9: pool.web.balance: what is wrong: what to write; did you mean "x"?`
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        self.problem.fmt(f)
    }
}

/// All mistakes found, in order of their places: the file's, the variables', the flags'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes {
    found: Vec<Mistake>,
    beyond: usize,
}

impl Mistakes {
    /// The mistakes; never none, and at most a thousand.
    pub fn iter(&self) -> std::slice::Iter<'_, Mistake> {
        self.found.iter()
    }

    /// How many mistakes there are, those that were not kept included.
    pub fn count(&self) -> usize {
        self.found.len() + self.beyond
    }
}

impl<'m> IntoIterator for &'m Mistakes {
    type Item = &'m Mistake;
    type IntoIter = std::slice::Iter<'m, Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Self {
        Self { found: vec![mistake], beyond: 0 }
    }
}

/// One line for each mistake, then a line with their number.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in &self.found {
            writeln!(f, "{mistake}")?;
        }
        let plural = if self.count() == 1 { "" } else { "s" };
        write!(f, "{} mistake{plural}", self.count())?;
        if self.beyond > 0 {
            write!(f, ", of which {} are not shown", self.beyond)?;
        }
        Ok(())
    }
}

impl Error for Mistakes {}

/// Where the steps of loading put what they find.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: Vec<Mistake>,
    beyond: usize,
}

impl Findings {
    pub(crate) fn push(&mut self, mistake: Mistake) {
        if self.found.len() < KEPT {
            self.found.push(mistake);
        } else {
            self.beyond += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn into_mistakes(mut self) -> Mistakes {
        self.found.sort();
        Mistakes { found: self.found, beyond: self.beyond }
    }
}
