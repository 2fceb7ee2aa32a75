//! Routes: each has one target, and its keys go together.

use std::borrow::Cow;
use std::collections::HashMap;

use config::{Value, ValueKind};

use super::{Named, Rules, is_true, table, text};
use crate::mistake::Problem;
use crate::path::Path;
use crate::quote::quote;
use crate::walk::Checked;

/// What may become of a request.
const TARGETS: [&str; 3] = ["pool", "redirect", "answer"];

/// Answers that have no body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5).
const BODILESS: [i64; 3] = [204, 205, 304];

impl Rules<'_, '_> {
    pub(super) fn routes(&mut self, list: Path, routes: &[Value], pools: Option<&Named<'_>>) {
        let mut names = HashMap::new();
        for (index, route) in routes.iter().enumerate() {
            let Some(route) = table(route) else { continue };
            let path = at(&list, index);
            self.target(&path, route);
            self.known_pool(&path.join("pool"), text(route, "pool"), pools);
            self.rewrite(&path, route);
            self.exact(&path, route);
            self.repeatable(&path, route);
            self.body(&path, route);
            // One that has none is called by its place.
            let given = text(route, "name");
            let name = given.map_or_else(|| index.to_string().into(), Cow::Borrowed);
            let first = *names.entry(name).or_insert(index);
            if first != index {
                let (named, other) = if given.is_some() { (index, first) } else { (first, index) };
                let problem = Problem::new(format!("is the name of routes[{other}] too"));
                let remedy = "give each route a name of its own";
                self.push(&at(&list, named).join("name"), problem.remedy(remedy));
            }
        }
        self.reach(&list, routes);
    }

    /// One of the three, and not two.
    fn target(&mut self, path: &Path, route: &Checked) {
        let given: Vec<_> = TARGETS.into_iter().filter(|key| route.contains_key(*key)).collect();
        let problem = match given.as_slice() {
            [_] => return,
            [] => Problem::new("says nothing of what becomes of a request")
                .remedy("write one of pool, redirect, answer"),
            several => Problem::new(format!("has {}", several.join(" and ")))
                .remedy("keep one of them, for a request has one target"),
        };
        self.push(path, problem);
    }

    /// What is replaced is the beginning of a path, of a request to a pool.
    fn rewrite(&mut self, path: &Path, route: &Checked) {
        let Some(rewrite) = route.get("rewrite") else { return };
        let given = path.join("rewrite");
        if let Some(other) = ["redirect", "answer"].into_iter().find(|key| route.contains_key(*key))
            && !route.contains_key("pool")
        {
            let message = format!("the {other} of a route has no path to replace");
            self.push_in_key(&given, Problem::new(message).remedy("remove the key"));
            return;
        }
        let problem = match route.get("path").map(|path| &path.kind) {
            None => Problem::new("there is no path of which it replaces the beginning")
                .remedy("write path = \"/\" beside it, or the beginning that is meant"),
            Some(ValueKind::String(matched)) if !matched.ends_with('/') => {
                Problem::new(format!("the path {} matches only itself", quote(matched)))
                    .remedy(format!("write path = {} for all below it", slashed(matched)))
            }
            Some(_) if is_true(route, "exact") => {
                Problem::new("the path is exact, and matches only itself")
                    .remedy("remove the key exact, or this one")
            }
            Some(_) => {
                if let ValueKind::String(text) = &rewrite.kind
                    && !text.ends_with('/')
                {
                    let problem = Problem::new(format!(
                        "{} would grow together with what follows the path",
                        quote(text)
                    ));
                    self.push(&given, problem.remedy(format!("write {}", slashed(text))));
                }
                return;
            }
        };
        self.push_in_key(&given, problem);
    }

    /// Only a path that ends with a slash could match more than itself.
    fn exact(&mut self, path: &Path, route: &Checked) {
        let given = path.join("exact");
        if !self.layers.sets(&given) {
            return;
        }
        let problem = match route.get("path").map(|path| &path.kind) {
            None => Problem::new("there is no path that it could say more of")
                .remedy("remove the key, or write a path"),
            Some(ValueKind::String(matched)) if !matched.ends_with('/') => {
                let problem = Problem::new(format!("the path {} is always exact", quote(matched)));
                problem.remedy(if is_true(route, "exact") {
                    "remove the key".to_owned()
                } else {
                    format!("write path = {} for all below it", slashed(matched))
                })
            }
            Some(_) => return,
        };
        self.push_in_key(&given, problem);
    }

    /// Only what goes to a backend could go to a second one.
    fn repeatable(&mut self, path: &Path, route: &Checked) {
        let given = path.join("repeatable");
        let other = ["redirect", "answer"].into_iter().find(|key| route.contains_key(*key));
        if let Some(other) = other
            && self.layers.sets(&given)
            && !route.contains_key("pool")
        {
            let problem = Problem::new(format!("the {other} of a route goes to no backend"));
            self.push_in_key(&given, problem.remedy("remove the key"));
        }
    }

    /// An answer has no body where its status forbids one.
    fn body(&mut self, path: &Path, route: &Checked) {
        let Some(answer) = route.get("answer").and_then(table) else { return };
        let status = answer.get("status").and_then(|status| status.clone().into_int().ok());
        let Some(status) = status.filter(|status| BODILESS.contains(status)) else { return };
        if text(answer, "body").is_some_and(|body| !body.is_empty()) {
            let problem = Problem::new(format!("an answer with status {status} has no body"));
            let remedy = "remove the key, or write another status";
            self.push_in_key(&path.join("answer").join("body"), problem.remedy(remedy));
        }
    }
}

/// The path of an item.
pub(super) fn at(list: &Path, index: usize) -> Path {
    let mut path = list.clone();
    path.push_index(index);
    path
}

fn slashed(path: &str) -> String {
    quote(&format!("{path}/"))
}
