//! The tree as it is drawn.

use serde_json::Value;

use super::folding::{Fold, Folding};
use super::forest::{Forest, Tree, is_number};
use super::line::{Line, Style};
use super::time::age;

/// How many names of what is folded are told.
const NAMES: usize = 6;

/// Who speaks for all that is below its parent, where that is folded.
const SPEAKERS: [&str; 3] = ["backend", "listener", "pool"];

/// What a drawing is to be like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// Columns of a line.
    pub(super) width: usize,
    /// Rows that it should fit into; none where all of it is to be seen.
    pub(super) rows: Option<usize>,
}

/// A row to be drawn: an actor, or those of its children that go without a row.
enum Row {
    Node(usize),
    Others(Vec<usize>),
}

/// Draws the tree; `is_marked` says of a path whether something has just changed there.
pub(super) fn draw(forest: &Forest, frame: Frame, is_marked: impl Fn(&str) -> bool) -> Vec<Line> {
    let marked = |index: usize| is_marked(&forest.tree(index).node.path);
    let folding = match frame.rows {
        None => Folding::none(forest),
        Some(rows) => Folding::to_fit(forest, rows, |index| {
            forest.tree(index).node.is_noteworthy() || marked(index)
        }),
    };
    let rows = rows(forest, &folding);
    let labels: Vec<_> = rows.iter().map(|(lead, row)| label(forest, lead, row, &marked)).collect();
    let named = rows.iter().zip(&labels).filter(|((_, row), _)| matches!(row, Row::Node(_)));
    let widest = named.map(|(_, label)| label.width()).max().unwrap_or(0);
    let column = (widest + 2).min(frame.width / 2);
    rows.iter()
        .zip(labels)
        .map(|((_, row), mut line)| {
            line.pad(column);
            line.append(match row {
                Row::Node(index) => {
                    told(forest, *index, folding.fold(*index), frame.rows.is_none())
                }
                Row::Others(_) => Line::new(),
            });
            line.cut(frame.width)
        })
        .collect()
}

/// The rows in their order, each with the lines that lead to it.
fn rows(forest: &Forest, folding: &Folding) -> Vec<(String, Row)> {
    let mut rows = Vec::new();
    // What is still to be drawn, the next one last: where it hangs, and whether it is the last there.
    let mut waiting: Vec<_> =
        forest.roots().iter().rev().map(|root| (None, Row::Node(*root))).collect();
    while let Some((hangs, row)) = waiting.pop() {
        let (lead, below) = match hangs {
            None => (String::new(), String::new()),
            Some((above, true)) => (format!("{above}└─ "), format!("{above}   ")),
            Some((above, false)) => (format!("{above}├─ "), format!("{above}│  ")),
        };
        if let Row::Node(index) = &row {
            let index = *index;
            let children = &forest.tree(index).children;
            let mut below_it: Vec<Row> = match folding.fold(index) {
                Fold::Closed => Vec::new(),
                Fold::Open => children.iter().copied().map(Row::Node).collect(),
                Fold::Partly => {
                    let (seen, hidden): (Vec<_>, Vec<_>) =
                        children.iter().partition(|child| folding.is_held(**child));
                    let others = Row::Others(hidden);
                    seen.into_iter().map(Row::Node).chain([others]).collect()
                }
            };
            let last = below_it.len().saturating_sub(1);
            let hanging = below_it.drain(..).enumerate().rev();
            waiting.extend(hanging.map(|(at, row)| (Some((below.clone(), at == last)), row)));
        }
        rows.push((lead, row));
    }
    rows
}

/// The lines that lead to a row, and its name.
fn label(forest: &Forest, lead: &str, row: &Row, is_marked: &impl Fn(usize) -> bool) -> Line {
    let mut line = Line::of(Style::Dim, lead);
    match row {
        Row::Node(index) => {
            let tree = forest.tree(*index);
            let style = if is_marked(*index) {
                Style::Marked
            } else if tree.node.is_noteworthy() {
                style_of(tree)
            } else if tree.depth == 0 {
                Style::Bold
            } else {
                Style::Plain
            };
            line.push(style, tree.name());
        }
        Row::Others(children) => line.push(Style::Dim, &names(forest, children)),
    }
    line
}

fn style_of(tree: &Tree) -> Style {
    match tree.node.status.as_str() {
        "running" | "waiting" | "starting" | "restarting" | "stopping" => Style::Warning,
        _ => Style::Bad,
    }
}

/// What is said of an actor.
fn told(forest: &Forest, index: usize, fold: Fold, in_full: bool) -> Line {
    let tree = forest.tree(index);
    let node = &tree.node;
    let mut parts: Vec<(Style, String)> = Vec::new();
    let noteworthy = node.is_noteworthy();
    if noteworthy || in_full || tree.depth == 0 {
        let style = if noteworthy { style_of(tree) } else { Style::Good };
        parts.push((style, format!("{} {}", node.status, age(node.since_ms))));
    }
    if noteworthy || in_full || node.generation > 1 {
        parts.push((Style::Plain, format!("#{}", node.generation)));
    }
    if noteworthy || in_full || node.restarts > 0 {
        parts.push((Style::Plain, count(node.restarts.into(), "restart")));
    }
    if node.waiting > 0 {
        parts.push((Style::Plain, format!("{} of {} waiting", node.waiting, node.capacity)));
    }
    if (noteworthy || in_full)
        && let Some(exit) = &node.last_exit
    {
        let text = exit.text.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
        let place = exit.place.as_ref().filter(|place| !place.is_empty());
        let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
        parts.push((Style::Plain, format!("{}{text}{place}", exit.reason)));
    }
    if tree.depth == 0 && !in_full {
        parts.push((Style::Plain, census(forest)));
    } else if fold == Fold::Closed && !tree.children.is_empty() {
        parts.push((Style::Dim, summary(forest, index)));
    }
    let detail = detail(&node.detail, in_full);
    if !detail.is_empty() {
        parts.push((Style::Dim, detail));
    }
    let mut line = Line::new();
    for (at, (style, text)) in parts.into_iter().enumerate() {
        if at > 0 {
            line.push(Style::Dim, ", ");
        }
        line.push(style, &text);
    }
    line
}

/// How all of them are.
fn census(forest: &Forest) -> String {
    let nodes = || forest.trees().iter().map(|tree| &tree.node);
    let connections = nodes().filter(|node| node.is_connection()).count();
    let away = nodes().filter(|node| !node.is_running() && node.is_noteworthy()).count();
    let back = nodes().filter(|node| node.is_running() && node.was_restarted_lately()).count();
    let mut said = count((forest.len() - connections) as u64, "actor");
    said.push_str(&format!(", {}", count(connections as u64, "connection")));
    if away > 0 {
        said.push_str(&format!(", {away} not running"));
    }
    if back > 0 {
        said.push_str(&format!(", {back} restarted lately"));
    }
    said
}

/// What is below a closed actor.
fn summary(forest: &Forest, index: usize) -> String {
    let children = &forest.tree(index).children;
    let (mut connections, mut restarts) = (0_u64, 0_u64);
    let mut below = children.clone();
    while let Some(child) = below.pop() {
        let tree = forest.tree(child);
        connections += u64::from(tree.node.is_connection());
        restarts += u64::from(tree.node.restarts);
        below.extend(&tree.children);
    }
    let direct = children.iter().any(|child| forest.tree(*child).node.is_connection());
    let speaker = children.iter().map(|child| forest.tree(*child));
    let mut speaker = speaker.filter(|tree| SPEAKERS.contains(&tree.name()));
    let said = speaker.next().map(|tree| detail(&tree.node.detail, false));
    let said = said.filter(|said| !said.is_empty());
    let counted = connections > 0 && !direct && said.is_none();
    [
        counted.then(|| count(connections, "connection")),
        (restarts > 0).then(|| count(restarts, "restart")),
        said.or_else(|| Some(names(forest, children))),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join("; ")
}

/// The names of siblings: numbers as a count, those that differ in a number at their end as a range.
fn names(forest: &Forest, siblings: &[usize]) -> String {
    let mut said: Vec<String> = Vec::new();
    // The range that is being gathered: its stem, first and last number.
    let mut range: Option<(&str, u64, u64)> = None;
    let mut connections = 0_u64;
    let write = |range: &mut Option<(&str, u64, u64)>, said: &mut Vec<String>| {
        if let Some((stem, first, last)) = range.take() {
            said.push(match last - first {
                0 => format!("{stem}{first}"),
                _ => format!("{stem}{first} … {stem}{last}"),
            });
        }
    };
    for sibling in siblings {
        let tree = forest.tree(*sibling);
        if tree.node.is_connection() {
            connections += 1;
            continue;
        }
        let name = tree.name();
        let stem = name.trim_end_matches(|end: char| end.is_ascii_digit());
        let number = numbered(stem, &name[stem.len()..]);
        match (&mut range, number) {
            (Some((of, _, last)), Some(number)) if *of == stem && number == *last + 1 => {
                *last = number;
            }
            (_, Some(number)) => {
                write(&mut range, &mut said);
                range = Some((stem, number, number));
            }
            (_, None) => {
                write(&mut range, &mut said);
                said.push(name.to_owned());
            }
        }
    }
    write(&mut range, &mut said);
    if connections > 0 {
        said.push(count(connections, "connection"));
    }
    if said.len() > NAMES {
        let more = said.split_off(NAMES - 1).len();
        said.push(format!("{more} more"));
    }
    said.join(", ")
}

/// The number at the end of a name that may be one of a range: `w12`, but no address and no `w01`.
fn numbered(stem: &str, digits: &str) -> Option<u64> {
    let plain = is_number(digits) && (digits == "0" || !digits.starts_with('0'));
    let word = stem.chars().all(|character| character.is_alphabetic() || character == '_');
    digits.parse().ok().filter(|_| plain && word && !stem.is_empty())
}

/// What the actor says of itself, as far as it is plain values; in short without what is nothing.
fn detail(detail: &Value, in_full: bool) -> String {
    let Value::Object(members) = detail else { return String::new() };
    let plain = members.iter().filter_map(|(name, value)| {
        Some(match value {
            Value::String(text) => format!("{name} {text}"),
            Value::Number(number) if in_full || number.as_f64() != Some(0.0) => {
                format!("{name} {number}")
            }
            Value::Bool(true) => name.clone(),
            Value::Number(_)
            | Value::Bool(false)
            | Value::Null
            | Value::Array(_)
            | Value::Object(_) => return None,
        })
    });
    plain.collect::<Vec<_>>().join(" ")
}

/// A number of things.
pub(super) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

#[cfg(test)]
mod tests;
