use anyhow::Result;
use rustix::process::Signal;

use super::pty::{Pty, lines};
use super::stage::Stage;

/// Select Graphic Rendition of what has changed.
const MARK: &str = "\x1b[1;7m";
const LEAVE: &str = "\x1b[?1049l";

/// Every line fits into the columns, and all of them into the rows.
fn expect_to_fit(drawing: &str, columns: usize, rows: usize) {
    let lines = lines(drawing);
    assert!(lines.len() <= rows, "{} rows:\n{}", lines.len(), lines.join("\n"));
    for line in &lines {
        assert!(line.chars().count() <= columns, "{line}");
    }
}

#[test]
fn the_tree_of_the_demo_fits_a_small_terminal() -> Result<()> {
    let stage = Stage::start()?;
    let (status, written) = Pty::start(stage.command(&["tree"]), 80, 24)?.end()?;
    assert!(status.success(), "{written}");
    // With room for the prompt.
    expect_to_fit(&written, 80, 23);
    assert!(written.contains("\x1b[32mrunning "), "{written}");
    for name in ["traffic", "pools", "listeners", "responders", "control", "workers"] {
        assert!(lines(&written).iter().any(|line| line.contains(name)), "{name}: {written}");
    }
    stage.get("/crash")?;
    // Until it is back.
    let back =
        (0..500).find(|_| stage.say(&["tree"]).is_ok_and(|tree| tree.contains("#2, 1 restart")));
    assert!(back.is_some());
    let (_, written) = Pty::start(stage.command(&["tree"]), 80, 24)?.end()?;
    expect_to_fit(&written, 80, 23);
    let lines = lines(&written);
    let row = lines.iter().find(|line| line.contains("panicked")).expect("the crash");
    assert!(row.contains("#2, 1 restart, panicked: a request for"), "{row}");
    let mut plain = stage.command(&["tree"]);
    plain.env("NO_COLOR", "1");
    let (_, written) = Pty::start(plain, 80, 24)?.end()?;
    assert!(!written.contains('\x1b'), "{written}");
    Ok(())
}

#[test]
fn a_crash_is_seen_as_it_happens_and_the_terminal_is_given_back() -> Result<()> {
    let mut stage = Stage::start()?;
    let mut pty = Pty::start(stage.command(&["tree", "--watch"]), 80, 24)?;
    let calm = pty.drawing(|drawing| drawing.contains("responders"))?;
    expect_to_fit(&calm, 80, 24);
    assert!(!calm.contains(MARK), "{calm}");
    stage.get("/crash")?;
    let is_back = |line: &String| line.contains("#2, 1 restart, panicked: a req");
    let crash =
        pty.drawing(|drawing| drawing.contains(MARK) && lines(drawing).iter().any(is_back))?;
    expect_to_fit(&crash, 80, 24);
    let shown = lines(&crash);
    assert!(shown.last().is_some_and(|foot| foot.contains("server/demo/responders/")), "{shown:?}");
    let later = pty.drawing(|drawing| !drawing.contains(MARK) && drawing.contains("1 restart"))?;
    expect_to_fit(&later, 80, 24);

    pty.forget();
    pty.resize(60, 12)?;
    let small = pty.drawing(|drawing| lines(drawing).len() <= 12)?;
    expect_to_fit(&small, 60, 12);
    assert!(lines(&small).iter().any(|line| line.contains("1 restart")), "{small}");

    stage.process.kill()?;
    let gone = pty.drawing(|drawing| drawing.contains("gone: "))?;
    expect_to_fit(&gone, 60, 12);
    pty.forget();
    pty.signal(Signal::INT)?;
    let (status, written) = pty.end()?;
    assert!(status.success(), "{status}");
    assert!(written.ends_with(LEAVE), "{written:?}");
    Ok(())
}
