//! Overrides from the environment: `TRUNKLINE__POOL__WEB__BALANCE=random`.
//!
//! The names that are understood are not taken apart but made: one for each scalar key of the schema
//! and each listener and pool that is there. So a name with underscores is never ambiguous without
//! being noticed, an unknown variable has something to be compared with, and no variable can bring a
//! listener or a pool into being by a slip in its name.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use crate::document::{Content, Node};
use crate::layers::Override;
use crate::mistake::{Findings, Origin, Problem};
use crate::nearest::nearest;
use crate::path::{Path, Step};
use crate::quote::quote;
use crate::schema::{Field, ROOT, Shape};

/// What the names of the variables begin with, in capitals.
pub const PREFIX: &str = "TRUNKLINE__";

/// The variables that are understood, each with the paths it could mean.
type Known = BTreeMap<String, Vec<Path>>;

/// The overrides that the environment asks for.
pub(crate) fn overrides(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    root: &Node,
    flags: &[Override],
    findings: &mut Findings,
) -> Vec<Override> {
    let mut ours: Vec<_> = variables
        .into_iter()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
        .filter(|(name, _)| is_ours(name))
        .collect();
    if ours.is_empty() {
        return Vec::new();
    }
    ours.sort();
    let mut known = Known::new();
    collect(ROOT, root, flags, &Path::default(), PREFIX, &mut known);
    let mut taken = BTreeMap::new();
    let mut overrides = Vec::new();
    for (name, value) in ours {
        match read(&name, value, &known, &mut taken) {
            Ok(laid) => overrides.push(laid),
            Err((problem, path)) => {
                findings.push(problem.at(Origin::Variable(name), &path));
            }
        }
    }
    overrides
}

fn is_ours(name: &str) -> bool {
    name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

fn read(
    name: &str,
    value: OsString,
    known: &Known,
    taken: &mut BTreeMap<String, String>,
) -> Result<Override, (Problem, Path)> {
    let upper = name.to_uppercase();
    let path = match known.get(&upper).map(Vec::as_slice) {
        Some([path]) => path.clone(),
        Some([first, second, ..]) => {
            let message = format!("means both {first} and {second}");
            let remedy = "rename one of the two, or set the key in the file";
            return Err((Problem::new(message).remedy(remedy), Path::default()));
        }
        Some([]) | None => {
            // Its value is not shown: who mistyped a name may have put a secret into it.
            let problem = Problem::new("is no setting that can be overridden")
                .remedy("write a key that is not in a list, of a listener or a pool that is there, with __ for each dot")
                .nearest(nearest(&upper, known.keys().map(String::as_str)));
            return Err((problem, Path::default()));
        }
    };
    match taken.entry(upper) {
        Entry::Occupied(first) => {
            let problem = Problem::new(format!("sets what {} sets too", quote(first.get())))
                .remedy("remove one of the two");
            return Err((problem, path));
        }
        Entry::Vacant(vacant) => {
            vacant.insert(name.to_owned());
        }
    }
    let text = value.into_string().map_err(|_| {
        (Problem::new("is not UTF-8").remedy("write a text in UTF-8"), path.clone())
    })?;
    Ok(Override::of_variable(name.to_owned(), path, text))
}

/// The variables for the scalars of a table.
fn collect(
    fields: &'static [Field],
    root: &Node,
    flags: &[Override],
    path: &Path,
    variable: &str,
    known: &mut Known,
) {
    for Field { name, shape, .. } in fields {
        let path = path.join(name);
        let variable = format!("{variable}{}", name.to_uppercase());
        match shape {
            Shape::Scalar(..) => known.entry(variable).or_default().push(path),
            Shape::Table(fields) => {
                collect(fields, root, flags, &path, &format!("{variable}__"), known);
            }
            Shape::Named(fields) => {
                for name in names(root, flags, &path) {
                    let part = name.to_uppercase().replace('-', "_");
                    let variable = format!("{variable}__{part}__");
                    collect(fields, root, flags, &path.join(name), &variable, known);
                }
            }
            Shape::List(_) => {}
        }
    }
}

/// The names in the table at a path: those of the file and those that flags bring.
fn names<'n>(root: &'n Node, flags: &'n [Override], path: &Path) -> BTreeSet<&'n str> {
    let mut names = BTreeSet::new();
    if let Some(Content::Table(table)) = root.at(path).map(|node| &node.content) {
        names.extend(table.keys().map(String::as_str));
    }
    for flag in flags {
        if let Some([Step::Key(name), ..]) = flag.path().steps().strip_prefix(path.steps()) {
            names.insert(name);
        }
    }
    names
}
