//! Sends cases, and compares what everybody saw.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::thread::yield_now;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use serde_json::Value;
use trunkline_tests::http::lenient::{self, Leniency, Seen};
use trunkline_tests::http::origin::{Origin, Reply, Then};
use trunkline_tests::http::wire::Wire;

use super::case::{Case, Gets, onward, with_word};
use crate::SOON;
use crate::site::{Line, Plan, Site, how};

/// How the bytes of a case are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// At once.
    Whole,
    /// Each on its own.
    Bytes,
    /// In two pieces, once for every place between them.
    Halves,
}

/// The limits that the cases know.
pub(super) const LIMITED: Plan<'static> =
    Plan { http: "head_size = \"2KiB\"\nfields = 16\nbody_size = \"1KiB\"", ..Plan::PLAIN };

/// A case that was made.
struct Made<'c> {
    case: &'c Case,
    word: String,
    client: SocketAddr,
    whole: bool,
}

/// Makes all cases one after the other, with an innocent request behind each; then compares.
pub(super) fn run(reading: Leniency, cases: &[Case], way: How) -> Result<()> {
    let origin = Origin::start(reading, echo)?;
    let mut site = Site::start(&LIMITED, &[origin.address()])?;
    let (mut made, mut wrong) = (Vec::new(), Vec::new());
    for case in cases {
        let places = match way {
            How::Whole => 0..1,
            How::Bytes => 1..2,
            How::Halves => 1..case.sent.len(),
        };
        for place in places {
            let word = format!("c{:06}z", made.len());
            let pieces = match way {
                How::Whole => usize::MAX,
                How::Bytes => 1,
                How::Halves => place,
            };
            let talked = talk(&site, case, &word, pieces, way).and_then(|client| {
                innocent(&site, &word)?;
                Ok(client)
            });
            match talked {
                Ok(client) => made.push(Made { case, word, client, whole: way == How::Whole }),
                Err(error) => wrong.push(format!("{} ({place}): {error:#}", case.name)),
            }
        }
    }
    site.process().signal(Signal::TERM)?;
    site.process().wait(SOON)?;
    let mut log = lines(&site.process().stderr().last(usize::MAX))?;
    let record = Record::read(&origin.into_record()?, &mut wrong);
    for made in &made {
        let compared = made.compare_bytes(&record).and_then(|()| made.compare_log(&mut log));
        if let Err(error) = compared {
            wrong.push(format!("{}: {error:#}", made.case.name));
        }
    }
    log.retain(|_, lines| !lines.is_empty());
    ensure!(log.is_empty() || !wrong.is_empty(), "the log has more: {log:?}");
    ensure!(wrong.is_empty(), "{reading:?}, {way:?}: {} wrong\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

/// Answers with the target, so that everybody knows whose answer it is.
pub(super) fn echo(seen: &Seen) -> Reply {
    let body = if seen.method == "HEAD" { String::new() } else { format!("{}\n", seen.target) };
    let length = seen.target.len() + 1;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    Reply { bytes: format!("{head}{body}").into_bytes(), then: Then::Next }
}

pub(super) fn innocent(site: &Site, word: &str) -> Result<()> {
    let mut client = site.connect()?;
    client
        .send(format!("GET /innocent-{word} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))?;
    let answer = client.answer().context("an innocent request afterwards")?;
    let expected = format!("/innocent-{word}\n");
    ensure!(answer.text() == expected, "an innocent request got {answer:?}");
    client.expect_end()
}

fn talk(site: &Site, case: &Case, word: &str, piece: usize, way: How) -> Result<SocketAddr> {
    let mut client = site.connect()?;
    let sent = with_word(&case.sent, word);
    let pieces: Vec<_> = match way {
        How::Whole => vec![&sent[..]],
        How::Bytes => sent.chunks(piece).collect(),
        How::Halves => vec![&sent[..piece.min(sent.len())], &sent[piece.min(sent.len())..]],
    };
    for piece in pieces {
        // Who has been refused may find nobody to send the rest to.
        if client.send(piece).is_err() {
            break;
        }
        yield_now();
    }
    let last = case.gets.len() - 1;
    for (index, gets) in case.gets.iter().enumerate() {
        let closes = case.closes && index == last;
        check_answer(&mut client, gets, word, closes)
            .with_context(|| format!("answer {index} on {:?}", client.local_addr()))?;
    }
    if case.closes {
        client.expect_end().context("the end")?;
    } else {
        client.send(format!("GET /after-{word} HTTP/1.1\r\nHost: a\r\n\r\n"))?;
        let after = client.answer().context("a request after it on the same connection")?;
        ensure!(after.text() == format!("/after-{word}\n"), "the next request got {after:?}");
    }
    client.local_addr()
}

fn check_answer(client: &mut Wire, gets: &Gets, word: &str, closes: bool) -> Result<()> {
    match gets {
        Gets::Passed(backend) => {
            let backend = String::from_utf8_lossy(&onward(backend, word)).into_owned();
            let mut words = backend.split(' ');
            let is_head = words.next() == Some("HEAD");
            let target = words.next().unwrap_or_default();
            let answer = client.answer_to(is_head)?;
            ensure!(answer.status == 200, "{answer:?} instead of 200");
            ensure!(is_head || answer.text() == format!("{target}\n"), "{answer:?} is another's");
            ensure!(answer.closes() == closes, "{answer:?}, but closes: {closes}");
        }
        Gets::Refused(status, _) => {
            let answer = client.answer()?;
            ensure!(answer.status == *status, "{answer:?} instead of {status}");
            ensure!(answer.closes(), "{answer:?} does not close");
        }
    }
    Ok(())
}

/// What the log says of the requests from each address, in their order. An address may serve several
/// clients, one after the other.
fn lines(log: &[String]) -> Result<HashMap<SocketAddr, VecDeque<Line>>> {
    let mut lines: HashMap<_, VecDeque<_>> = HashMap::new();
    let is_case = |line: &&String| line.contains("request done") && !line.contains("/innocent-");
    for line in log.iter().filter(is_case) {
        let line: Value = serde_json::from_str(line)?;
        let client = line["client"].as_str().unwrap_or_default().parse()?;
        lines.entry(client).or_default().push_back(how(&line));
    }
    Ok(lines)
}

/// What the backend was sent.
struct Record {
    connections: Vec<Vec<u8>>,
    /// The bytes of each whole request, by the word in it.
    requests: HashMap<String, Vec<Vec<u8>>>,
}

impl Record {
    /// Reads it in all ways, which must come to the same.
    fn read(connections: &[Vec<u8>], wrong: &mut Vec<String>) -> Self {
        let mut requests: HashMap<_, Vec<_>> = HashMap::new();
        for bytes in connections {
            let (seen, _) = lenient::ALL[0].all(bytes);
            for reading in &lenient::ALL[1..] {
                let (other, _) = reading.all(bytes);
                if other != seen {
                    let same = other.iter().zip(&seen).take_while(|(a, b)| a == b).count();
                    let (other, seen) = (other.get(same), seen.get(same));
                    wrong.push(format!("read as {reading:?}: {other:?}, not {seen:?}"));
                }
            }
            let mut at = 0;
            for seen in seen {
                let request = &bytes[at..at + seen.length];
                at += seen.length;
                if let Some(word) = word_in(request) {
                    requests.entry(word).or_default().push(request.to_vec());
                }
            }
        }
        Self { connections: connections.to_vec(), requests }
    }
}

/// The word of a case that stands in `request`, unless it is one that the runner added.
fn word_in(request: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(request);
    let start = text.match_indices('c').map(|(at, _)| at).find(|at| {
        let word = text.as_bytes().get(at + 1..at + 8).unwrap_or_default();
        word.len() == 7 && word[..6].iter().all(u8::is_ascii_digit) && word[6] == b'z'
    })?;
    let is_added = text.contains("/innocent-") || text.contains("/after-");
    (!is_added).then(|| text[start..start + 8].to_owned())
}

impl Made<'_> {
    fn compare_bytes(&self, record: &Record) -> Result<()> {
        let passed = |gets: &Gets| match gets {
            Gets::Passed(backend) => Some(onward(backend, &self.word)),
            Gets::Refused(..) => None,
        };
        let mut expected: Vec<_> = self.case.gets.iter().filter_map(passed).collect();
        let mut found = record.requests.get(&self.word).cloned().unwrap_or_default();
        // They may have gone over different connections.
        expected.sort();
        found.sort();
        if expected != found {
            let text = |all: &[Vec<u8>]| String::from_utf8_lossy(&all.concat()).into_owned();
            bail!("the backend got\n{:?}\nnot\n{:?}", text(&found), text(&expected));
        }
        if self.whole && expected.is_empty() {
            let sent = record.connections.iter().any(|bytes| {
                bytes.windows(self.word.len()).enumerate().any(|(at, window)| {
                    window == self.word.as_bytes() && !bytes[..at].ends_with(b"/innocent-")
                })
            });
            ensure!(!sent, "something of it was sent to the backend");
        }
        Ok(())
    }

    fn compare_log(&self, log: &mut HashMap<SocketAddr, VecDeque<Line>>) -> Result<()> {
        let mut expected: Vec<Line> = Vec::new();
        for gets in &self.case.gets {
            expected.push(match gets {
                Gets::Passed(_) => (Some(200), "done".to_owned()),
                Gets::Refused(status, code) => (Some(u64::from(*status)), (*code).to_owned()),
            });
        }
        if !self.case.closes {
            expected.push((Some(200), "done".to_owned()));
        }
        let lines = log.entry(self.client).or_default();
        let found: Vec<_> = lines.drain(..expected.len().min(lines.len())).collect();
        ensure!(found == expected, "the log has {found:?}, not {expected:?}");
        Ok(())
    }
}
