//! Overrides from the environment: `TRUNKLINE__POOL__WEB__BALANCE=random`.
//!
//! The names that are understood are not taken apart but made: one for each scalar key of the schema
//! and each listener and pool that is there. So a name with underscores is never ambiguous without
//! being noticed, an unknown variable has something to be compared with, and no variable can bring a
//! listener or a pool into being by a slip in its name.
//!
//! Only in the settings of a protocol a variable may name a key that the file does not: which keys
//! there are, the protocol's type will say. Such a key is the name in lower case, so one with a
//! hyphen or a capital must be in the file.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use crate::document::{Content, DEPTH, Node};
use crate::layers::{Override, is_blocked};
use crate::mistake::{Findings, Origin, Problem};
use crate::nearest::nearest;
use crate::path::{Path, Step};
use crate::quote::quote;
use crate::schema::{Field, ROOT, Shape};

/// What the names of the variables begin with, in capitals.
pub const PREFIX: &str = "TRUNKLINE__";

/// The variables that are understood.
#[derive(Default)]
struct Known {
    /// Each with the paths it could mean.
    names: BTreeMap<String, Vec<Path>>,
    /// What the names of variables into free tables begin with, and the path of each table.
    free: Vec<(String, Path)>,
}

/// The overrides that the environment asks for.
pub(crate) fn overrides(
    variables: &[(OsString, OsString)],
    root: &Node,
    flags: &[Override],
    findings: &mut Findings,
) -> Vec<Override> {
    let mut ours: Vec<_> = variables
        .iter()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
        .filter(|(name, _)| is_ours(name))
        .map(|(name, value)| (name, value.clone()))
        .collect();
    if ours.is_empty() {
        return Vec::new();
    }
    ours.sort();
    let mut known = Known::default();
    collect(ROOT, root, flags, &Path::default(), PREFIX, &mut known);
    let mut taken = BTreeMap::new();
    let mut overrides = Vec::new();
    for (name, value) in ours {
        let read = read(&name, value, &known, root, &mut taken);
        match read.and_then(|laid| beside(laid, &overrides)) {
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
    root: &Node,
    taken: &mut BTreeMap<String, String>,
) -> Result<Override, (Problem, Path)> {
    let upper = name.to_uppercase();
    let new = || known.free.iter().filter_map(|(start, table)| new_key(&upper, start, table, root));
    let paths = known.names.get(&upper).cloned().unwrap_or_else(|| new().collect());
    let path = match paths.as_slice() {
        [path] => path.clone(),
        [first, second, ..] => {
            let message = format!("means both {first} and {second}");
            let remedy = "rename one of the two, or set the key in the file";
            return Err((Problem::new(message).remedy(remedy), Path::default()));
        }
        [] => {
            // Its value is not shown: who mistyped a name may have put a secret into it.
            let problem = Problem::new("is no setting that can be overridden")
                .remedy("write a key that is not in a list, of a listener or a pool that is there, with __ for each dot")
                .nearest(nearest(&upper, known.names.keys().map(String::as_str)));
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

/// The path of a key in a free table that the file does not name, if the variable means one.
fn new_key(upper: &str, start: &str, table: &Path, root: &Node) -> Option<Path> {
    let rest = upper.strip_prefix(start)?.to_lowercase();
    let mut path = table.clone();
    for key in rest.split("__") {
        if key.is_empty() || path.steps().len() >= DEPTH {
            return None;
        }
        path.push(key);
    }
    // What the file has there is a table or a list, or no table where one would be needed.
    (root.at(&path).is_none() && !is_blocked(root, &path)).then_some(path)
}

/// Of two variables that bring keys which the file does not have, one may need a table where the
/// other has a value.
fn beside(laid: Override, others: &[Override]) -> Result<Override, (Problem, Path)> {
    let path = laid.path();
    let other = others.iter().map(Override::path);
    match { other }.find(|other| path.is_below(other) || other.is_below(path)) {
        None => Ok(laid),
        Some(other) => {
            let problem = Problem::new(format!("cannot be set beside {other}"));
            Err((problem.remedy("remove one of the two"), path.clone()))
        }
    }
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
            Shape::Scalar(..) => known.names.entry(variable).or_default().push(path),
            Shape::Table(fields) | Shape::OptionalTable(fields, _) => {
                collect(fields, root, flags, &path, &format!("{variable}__"), known);
            }
            Shape::Named(fields) => {
                for name in names(root, flags, &path) {
                    let variable = format!("{variable}__{}__", part(name));
                    collect(fields, root, flags, &path.join(name), &variable, known);
                }
            }
            Shape::List(..) | Shape::Values(..) => {}
            Shape::Free(_) => {
                let variable = format!("{variable}__");
                if let Some(node) = root.at(&path) {
                    collect_free(node, &path, &variable, known);
                }
                known.free.push((variable, path));
            }
        }
    }
}

/// The variables for the scalars that a file has in a free table.
fn collect_free(node: &Node, path: &Path, variable: &str, known: &mut Known) {
    let Content::Table(table) = &node.content else { return };
    for (key, entry) in table {
        let path = path.join(key);
        let variable = format!("{variable}{}", part(key));
        match &entry.node.content {
            Content::Table(_) => {
                collect_free(&entry.node, &path, &format!("{variable}__"), known);
            }
            Content::List(_) => {}
            Content::Null
            | Content::Boolean(_)
            | Content::Integer(_)
            | Content::Float(_)
            | Content::Text(_) => known.names.entry(variable).or_default().push(path),
        }
    }
}

/// A name of the file as a part of the name of a variable.
fn part(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
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
