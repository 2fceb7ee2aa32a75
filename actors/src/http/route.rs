//! Which target serves a request: the first rule, in the order of the file, that fits.
//!
//! | module | what |
//! |---|---|
//! | [`rule`] | a rule and its conditions; what is asked |
//! | [`host`], [`path`] | how the two are read and compared |
//! | [`rewrite`], [`redirect`], [`answer`] | what a target does besides naming a pool |
//! | `index`, `trie` | rules by host and path, so that few of many are looked at |
//!
//! [`Routes::find`] is the one function to call, with the path as the client sent it. What it finds
//! may be asked for that same path: [`Rewrite::write`], [`Redirect::location`].
//!
//! # Hosts
//! Compared without port, brackets and one trailing dot, in any case of ASCII. A host with an empty
//! label, or of more than 255 bytes, fits only rules without host.
//!
//! # Paths
//! What is before `?` is compared, and the backend gets it as it was sent. What differs only in
//! encoding is the same path (RFC 3986 §6.2.2.1 and §6.2.2.2): a character that may stand in a
//! segment as itself counts as itself, any other as its `%XX` in capitals; so `/%61dmin/` is
//! `/admin/`. All characters of a segment count as those, not only the unreserved ones: `/%40a` is
//! `/@a`, since backends decode a segment whole.
//!
//! Other paths are read differently by different backends: those with dot segments, with encoded
//! slashes or backslashes, with empty segments. nginx matches a copy with all of them resolved and
//! sends what came, haproxy matches what came, and Envoy leaves the choice. Each can be walked
//! past: the first with a backend that resolves less, the others with one that resolves more. Here
//! **such a path is served only if every reading of it leads to the same route**; otherwise it fits
//! none:
//!
//! - *Slashes* (`//`, `%2F`, `%5C`, `\`): the path as sent and the one with all of them as single
//!   slashes must have the same route. What fits a reading between the two fits the second. So
//!   `/projects/a%2Fb` is served below `/projects/`, and `//admin/` by no rule if `/admin/` has
//!   one.
//! - *Dot segments* (`.` and `..`, also encoded, beside an encoded slash, or with a parameter as in
//!   `..;x`, which some servers cut): clients resolve them before they send (RFC 3986 §5.2.4). Only
//!   the segments that no reading can take away count, each `..` taking one from before the first
//!   oddity; a rule that might fit, had more counted, hides all rules after it. So `/static/a/../b`
//!   is served below `/static/`, and `/static/../static/b` by no rule for a path: after a rewrite
//!   it would leave what it was rewritten to.
//!
//! Parameters are otherwise part of their segment (RFC 3986 §3.3). `*`, the path of `OPTIONS *`,
//! fits only rules without path; an empty path is `/`; anything else without a slash in front fits
//! nothing.
//!
//! # Cost
//! A few looks into hash tables, one for each label of the host and each segment of the path as far
//! as rules go, and the rules that stand at these places. Rules of one host and one path that
//! differ in methods or headers are tried one after the other. Nothing is allocated but for paths
//! with a `%`, a dot segment, or anything else that is not plain.

pub mod answer;
pub mod host;
mod index;
pub mod path;
pub mod redirect;
pub mod rewrite;
pub mod rule;
mod trie;

use std::sync::Arc;

pub use answer::Answer;
pub use host::HostPattern;
use index::{Index, Search, Way};
pub use path::PathPattern;
use path::{Key, Reading};

pub use redirect::Redirect;
pub use rewrite::Rewrite;
pub use rule::{HeaderMatch, Query, Route, Rule, Target};

#[cfg(test)]
mod tests;

/// The rules of a listener, compiled. Immutable, to be shared by all workers.
#[derive(Debug)]
pub struct Routes {
    rules: Vec<Rule>,
    sent: Index,
    /// The same with the slashes of the rules' own paths merged, where that makes a difference.
    merged: Option<Box<Index>>,
}

impl Routes {
    /// Compiles rules in the order in which they are to be tried.
    #[must_use]
    pub fn compile(rules: Vec<Rule>) -> Self {
        let key = |rule: &Rule| rule.path.as_ref().map(PathPattern::key);
        let sent: Vec<_> = rules.iter().map(key).collect();
        let merge = |key: &Option<Key>| key.as_ref().map(Key::merged);
        let merged: Vec<_> = sent.iter().map(merge).collect();
        let differs = sent != merged;
        let merged = differs.then(|| Box::new(Index::build(&rules, &merged)));
        Self { sent: Index::build(&rules, &sent), merged, rules }
    }

    /// The route of the first rule that fits, or none; none as well for a path that backends may
    /// read differently, where it matters (see the [module](self)).
    #[must_use]
    pub fn find(&self, query: &Query<'_>) -> Option<&Arc<Route>> {
        let (position, _) = self.look(query);
        self.rules.get(position?).map(|rule| &rule.route)
    }

    /// All routes, in the order of their rules.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.rules.iter().map(|rule| &rule.route)
    }

    /// The position of the rule, and how many lists and rules were looked at.
    fn look(&self, query: &Query<'_>) -> (Option<usize>, usize) {
        let search = |index: &Index, way| {
            let mut search = Search::new(&self.rules, query);
            index.search(way, &mut search);
            (search.found(), search.visited())
        };
        match Reading::of(query.path) {
            Reading::Nothing => (None, 0),
            Reading::Asterisk => search(&self.sent, Way::Pathless),
            Reading::One(path) => search(&self.sent, Way::Whole(&path)),
            Reading::Stem(stem) => search(&self.sent, Way::Stem(&stem)),
            Reading::Two { sent, merged } => {
                let (one, visited) = search(&self.sent, Way::Whole(&sent));
                let index = self.merged.as_deref().unwrap_or(&self.sent);
                let (other, more) = search(index, Way::Whole(&merged));
                (one.filter(|one| other == Some(*one)), visited + more)
            }
        }
    }
}
