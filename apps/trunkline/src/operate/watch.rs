//! `tree --watch`: the tree as it is, drawn anew as it changes.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use super::answers::{Happening, Node, Tree};
use super::client::Client;
use super::drawing::{Frame, draw};
use super::events::told_of;
use super::following::{Following, Told};
use super::forest::Forest;
use super::line::{Line, Style};
use super::marks::Marks;
use super::screen::Screen;
use super::terminal::Terminal;
use super::time::time_of_day;
use super::trouble::Trouble;

/// How long drawings are apart at least, however much happens.
const LEAST: Duration = Duration::from_millis(100);

/// How long they are apart at most, as times go on, and how long the server is left alone once it
/// has gone away.
const MOST: Duration = Duration::from_secs(1);

/// How long the newest event is told.
const NEWS: Duration = Duration::from_secs(5);

/// Rows beside the tree: the head, and what has happened.
const BESIDE: usize = 2;

/// Shows the tree until it is told to end.
///
/// # Errors
/// Where the server is not there at the beginning, and where it makes no sense later.
pub(super) async fn run(client: &Client, terminal: Terminal) -> Result<(), Trouble> {
    let mut signals = Signals::new()?;
    let mut following = Some(client.follow().await?);
    let nodes = read(client).await?;
    let mut view = View::new(client, terminal, nodes);
    let screen = Screen::enter(terminal)?;
    loop {
        screen.show(&view.lines(Instant::now()))?;
        let wake = view.wait(following.as_mut(), &mut signals).await;
        match wake {
            Wake::End => return Ok(()),
            Wake::Resized => continue,
            Wake::Look => {}
            Wake::Gone(trouble) => {
                following = None;
                view.gone = Some(trouble);
                continue;
            }
        }
        let looked = tokio::select! {
            looked = look(client, &mut following) => looked,
            signal = signals.next() => match signal {
                Wake::End => return Ok(()),
                Wake::Resized | Wake::Look | Wake::Gone(_) => continue,
            },
        };
        match looked {
            Ok(nodes) => view.take(nodes, Instant::now()),
            Err(trouble) if trouble.may_pass() => {
                following = None;
                view.gone = Some(trouble);
            }
            Err(trouble) => return Err(trouble),
        }
    }
}

/// Reads the tree, and begins to follow it again where that has ended.
async fn look(client: &Client, following: &mut Option<Following>) -> Result<Vec<Node>, Trouble> {
    if following.is_none() {
        *following = Some(client.follow().await?);
    }
    read(client).await
}

async fn read(client: &Client) -> Result<Vec<Node>, Trouble> {
    client.read::<Tree>("/tree").await.map(|tree| tree.nodes)
}

/// Why there is something to do.
enum Wake {
    /// The tree may have changed.
    Look,
    /// The terminal has another size.
    Resized,
    /// The server tells no events any more.
    Gone(Trouble),
    End,
}

/// What is shown.
struct View<'a> {
    client: &'a Client,
    terminal: Terminal,
    forest: Forest,
    marks: Marks,
    /// When the tree was read.
    looked: Instant,
    news: Option<(Instant, Line)>,
    /// Why the server cannot be asked at the moment.
    gone: Option<Trouble>,
}

impl<'a> View<'a> {
    fn new(client: &'a Client, terminal: Terminal, nodes: Vec<Node>) -> Self {
        let looked = Instant::now();
        let mut view = Self {
            client,
            terminal,
            forest: Forest::of(Vec::new()),
            marks: Marks::default(),
            looked,
            news: None,
            gone: None,
        };
        view.take(nodes, looked);
        view
    }

    /// Takes in the tree as it is now.
    fn take(&mut self, nodes: Vec<Node>, now: Instant) {
        self.marks.look(&nodes, now.into_std());
        self.forest = Forest::of(nodes);
        self.looked = now;
        self.gone = None;
    }

    /// Waits until there is something to do.
    async fn wait(&mut self, following: Option<&mut Following>, signals: &mut Signals) -> Wake {
        let Some(following) = following else {
            let again = sleep_until(Instant::now() + MOST);
            return tokio::select! {
                () = again => Wake::Look,
                wake = signals.next() => wake,
            };
        };
        let mut until = self.looked + MOST;
        loop {
            let told = tokio::select! {
                () = sleep_until(until) => return Wake::Look,
                wake = signals.next() => return wake,
                told = following.next() => told,
            };
            match told {
                Ok(Told::Happened(happening, _)) if !happening.is_notable() => continue,
                Ok(Told::Happened(happening, _)) => self.tell(&happening),
                Ok(Told::Lost(_)) => {}
                Err(trouble) => return Wake::Gone(trouble),
            }
            until = until.min(self.looked + LEAST);
        }
    }

    fn tell(&mut self, happening: &Happening) {
        let mut line =
            Line::of(Style::Dim, &time_of_day(happening.at_unix_ms.saturating_mul(1000)));
        line.push(Style::Plain, " ");
        line.append(told_of(happening));
        self.news = Some((Instant::now() + NEWS, line));
    }

    /// All lines, as many as the terminal has rows at most.
    fn lines(&self, now: Instant) -> Vec<Line> {
        let (width, rows) = self.terminal.size().unwrap_or((80, 24));
        let room = rows.saturating_sub(BESIDE).max(1);
        let frame = Frame { width, rows: Some(room) };
        let mut tree = draw(&self.forest, frame, |path| self.marks.is_marked(path, now.into_std()));
        if tree.len() > room {
            let more = tree.split_off(room - 1).len();
            let said =
                format!("… {more} more rows: a higher terminal, or `tree` alone, shows them");
            tree.push(Line::of(Style::Warning, &said).cut(width));
        }
        tree.resize_with(room, Line::new);
        let mut lines = vec![self.head().cut(width)];
        lines.append(&mut tree);
        lines.push(self.foot(now).cut(width));
        // Of a terminal that has no room for all of it, what is in front.
        lines.truncate(rows);
        lines
    }

    fn head(&self) -> Line {
        let mut line = Line::of(Style::Bold, &self.client.address().to_string());
        match &self.gone {
            None => line.push(Style::Dim, "  Ctrl-C ends this"),
            Some(_) => line.push(Style::Bad, "  gone: this is how it was; trying again"),
        }
        line
    }

    fn foot(&self, now: Instant) -> Line {
        match (&self.gone, &self.news) {
            (Some(trouble), _) => Line::of(Style::Bad, &trouble.to_string()),
            (None, Some((until, line))) if now < *until => line.clone(),
            (None, _) => Line::new(),
        }
    }
}

/// The signals that matter while it watches.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    resized: Signal,
}

impl Signals {
    fn new() -> Result<Self, Trouble> {
        let of = |kind| {
            signal(kind).map_err(|error| Trouble::Terminal { what: "waiting for signals", error })
        };
        Ok(Self {
            interrupt: of(SignalKind::interrupt())?,
            terminate: of(SignalKind::terminate())?,
            hangup: of(SignalKind::hangup())?,
            resized: of(SignalKind::window_change())?,
        })
    }

    /// The next of them. Cancel-safe.
    async fn next(&mut self) -> Wake {
        tokio::select! {
            _ = self.interrupt.recv() => Wake::End,
            _ = self.terminate.recv() => Wake::End,
            _ = self.hangup.recv() => Wake::End,
            _ = self.resized.recv() => Wake::Resized,
        }
    }
}
