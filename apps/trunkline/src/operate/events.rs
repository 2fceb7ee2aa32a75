//! `events`: what happens in the tree, a line each.

use super::answers::Happening;
use super::client::Client;
use super::following::Told;
use super::line::{Line, Style};
use super::terminal::Terminal;
use super::time::{age, moment};
use super::trouble::Trouble;

/// Columns of what has happened.
const WHAT: usize = 12;

/// Tells what happens until the server ends it, or nobody reads any more.
///
/// # Errors
/// Always, at its end.
pub(super) async fn run(client: &Client, to: Terminal, json: bool) -> Result<(), Trouble> {
    let mut following = client.follow().await?;
    loop {
        let told = following.next().await?;
        match (told, json) {
            (Told::Happened(_, data), true) => to.json(data.as_bytes())?,
            (Told::Lost(lost), true) => {
                to.json(
                    serde_json::json!({ "what": "lagged", "lost": lost }).to_string().as_bytes(),
                )?;
            }
            (Told::Happened(happening, _), false) => {
                let mut line =
                    Line::of(Style::Dim, &moment(happening.at_unix_ms.saturating_mul(1000)));
                line.push(Style::Plain, " ");
                line.append(told_of(&happening));
                to.lines(&[line])?;
            }
            (Told::Lost(lost), false) => {
                let said = format!("{lost} events were lost: this program read too slowly");
                to.lines(&[Line::of(Style::Warning, &said)])?;
            }
        }
    }
}

/// What has happened, to whom.
pub(super) fn told_of(happening: &Happening) -> Line {
    let Happening { path, generation, what, text, after_ms, retry_ms, .. } = happening;
    let style = match what.as_str() {
        "started" | "resumed" | "worker_back" => Style::Good,
        "removed" => Style::Dim,
        "exited" if !happening.is_notable() => Style::Dim,
        "restarting" | "suspended" => Style::Warning,
        _ => Style::Bad,
    };
    let mut line = Line::of(style, what);
    line.pad(WHAT);
    line.push(Style::Plain, path);
    line.push(Style::Dim, &format!(" #{generation}"));
    let further = [
        text.clone(),
        after_ms.map(|after| format!("in {after}ms")),
        retry_ms.map(|retry| format!("a trial in {}", age(retry))),
        happening.child.as_ref().map(|child| format!("because of {child}")),
        happening.restarts.map(|restarts| format!("after {restarts} restarts")),
        happening.since_ms.map(|since| format!("for {since}ms")),
    ];
    for text in further.into_iter().flatten() {
        line.push(Style::Plain, &format!(", {text}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::line::text;
    use super::*;

    fn told(what: &str, further: &serde_json::Value) -> (String, bool) {
        let mut data = json!({
            "at_unix_ms": 1_795_347_834_893_u64, "path": "server/a", "generation": 1, "what": what,
        });
        let further = further.as_object().unwrap().clone();
        data.as_object_mut().unwrap().extend(further);
        let happening: Happening = serde_json::from_value(data).unwrap();
        (text(&[told_of(&happening)], false).trim_end().to_owned(), happening.is_notable())
    }

    #[test]
    fn what_has_happened_is_one_line_and_known_as_ordinary_or_not() {
        let normal = json!({ "reason": "normal", "text": "normal" });
        let panicked = json!({ "reason": "panicked", "text": "panicked: a\nb at c.rs" });
        for (what, further, line, notable) in [
            ("started", json!({}), "started     server/a #1", false),
            ("started", json!({ "generation": 2 }), "started     server/a #2", true),
            ("removed", json!({}), "removed     server/a #1", false),
            ("exited", normal, "exited      server/a #1, normal", false),
            ("exited", panicked, "exited      server/a #1, panicked: a\\nb at c.rs", true),
            ("restarting", json!({ "after_ms": 7 }), "restarting  server/a #1, in 7ms", true),
            (
                "parked",
                json!({ "retry_ms": 30_000 }),
                "parked      server/a #1, a trial in 30s",
                true,
            ),
            (
                "escalated",
                json!({ "child": "b", "restarts": 11 }),
                "escalated   server/a #1, because of b, after 11 restarts",
                true,
            ),
            (
                "worker_stuck",
                json!({ "worker": null, "since_ms": 900 }),
                "worker_stuck server/a #1, for 900ms",
                true,
            ),
        ] {
            assert_eq!(told(what, &further), (line.to_owned(), notable));
        }
    }
}
