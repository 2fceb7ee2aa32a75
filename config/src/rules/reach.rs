//! Routes that no request can reach, for an earlier one takes all that they would.

use config::{Value, ValueKind};

use super::routes::at;
use super::{Rules, table};
use crate::mistake::Problem;
use crate::path::Path;
use crate::settings::{HeaderMatch, HostPattern, PathPattern, Route};

/// Routes that a later one is compared with: what a program wrote in thousands, nobody mistyped.
const COMPARED: usize = 1_000;

impl Rules<'_, '_> {
    pub(super) fn reach(&mut self, path: &Path, routes: &[Value]) {
        let mut earlier: Vec<(usize, Route)> = Vec::new();
        for (index, route) in routes.iter().enumerate() {
            let Some(route) = read(route) else { continue };
            let Some((first, taker)) = earlier.iter().find(|(_, taker)| covers(taker, &route))
            else {
                if earlier.len() < COMPARED {
                    earlier.push((index, route));
                }
                continue;
            };
            let path = at(path, index);
            if is_unconditional(taker) {
                let message =
                    format!("is never reached, since routes[{first}] takes every request");
                let remedy = format!("move routes[{first}] to the end, or give it conditions");
                self.push(&path, Problem::new(message).remedy(remedy));
                // And so it is with all that follow.
                return;
            }
            let message =
                format!("is never reached, since routes[{first}] takes all that it would");
            let remedy = format!("move it before routes[{first}], or remove one of the two");
            self.push(&path, Problem::new(message).remedy(remedy));
        }
    }
}

/// A route without mistakes: of any other it is not known what it would take.
fn read(route: &Value) -> Option<Route> {
    table(route).filter(|_| !is_mistaken(route))?;
    route.clone().try_deserialize().ok()
}

fn is_mistaken(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Nil => true,
        ValueKind::Table(table) => table.values().any(is_mistaken),
        ValueKind::Array(items) => items.iter().any(is_mistaken),
        ValueKind::Boolean(_)
        | ValueKind::I64(_)
        | ValueKind::I128(_)
        | ValueKind::U64(_)
        | ValueKind::U128(_)
        | ValueKind::Float(_)
        | ValueKind::String(_) => false,
    }
}

fn is_unconditional(route: &Route) -> bool {
    route.host.is_none()
        && route.path.is_none()
        && route.methods.is_empty()
        && route.headers.is_empty()
}

/// Whether every request that fits `later` fits `earlier`, too.
fn covers(earlier: &Route, later: &Route) -> bool {
    any_or(earlier.host.as_ref(), later.host.as_ref(), host_covers)
        && any_or(earlier.path.as_ref(), later.path.as_ref(), path_covers)
        && methods_cover(&earlier.methods, &later.methods)
        && earlier.headers.iter().all(|asked| later.headers.iter().any(|had| implies(had, asked)))
}

fn any_or<T>(earlier: Option<&T>, later: Option<&T>, covers: impl Fn(&T, &T) -> bool) -> bool {
    earlier.is_none_or(|earlier| later.is_some_and(|later| covers(earlier, later)))
}

fn host_covers(earlier: &HostPattern, later: &HostPattern) -> bool {
    match (earlier, later) {
        (HostPattern::Exact(_), _) => earlier == later,
        (HostPattern::Below(parent), HostPattern::Exact(name)) => is_below(name, parent),
        (HostPattern::Below(parent), HostPattern::Below(name)) => {
            name == parent || is_below(name, parent)
        }
    }
}

fn is_below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|labels| labels.len() > 1 && labels.ends_with('.'))
}

fn path_covers(earlier: &PathPattern, later: &PathPattern) -> bool {
    match (earlier, later) {
        (PathPattern::Exact(_), _) => earlier == later,
        (PathPattern::Prefix(start), PathPattern::Exact(path) | PathPattern::Prefix(path)) => {
            path.starts_with(start)
        }
    }
}

fn methods_cover(earlier: &[String], later: &[String]) -> bool {
    earlier.is_empty() || !later.is_empty() && later.iter().all(|each| earlier.contains(each))
}

/// Whether a request that has `had` has `asked`.
fn implies(had: &HeaderMatch, asked: &HeaderMatch) -> bool {
    had.name == asked.name && (asked.value.is_none() || asked.value == had.value)
}

#[cfg(test)]
mod tests;
