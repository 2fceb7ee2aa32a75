//! One connection of the talkers.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::{Answer, Line, TalkPlan, Talked};

/// How long an answer may take before the connection counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// One connection, and what became of its lines.
#[derive(Debug)]
pub(super) struct Conversation {
    number: u32,
    stream: BufReader<TcpStream>,
    /// Lines sent so far.
    sent: u64,
    marked: u64,
    answered: Vec<u64>,
    failures: u64,
    lost: Option<io::Error>,
    ordinary: Vec<u64>,
    failing: Vec<u64>,
}

impl Conversation {
    pub(super) async fn open(plan: &TalkPlan, number: u32) -> io::Result<Self> {
        let stream = TcpStream::connect(plan.to).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            number,
            stream: BufReader::with_capacity(1024, stream),
            sent: 0,
            marked: 0,
            answered: Vec::new(),
            failures: 0,
            lost: None,
            ordinary: Vec::new(),
            failing: Vec::new(),
        })
    }

    /// Talks until told to stop, or until the connection is lost.
    pub(super) async fn hold(mut self, plan: &TalkPlan, mut stop: watch::Receiver<bool>) -> Self {
        // Spread over the period, so that not all talk at once.
        let first = plan.period.mul_f64(f64::from(self.number) / f64::from(plan.connections));
        let mut pace = interval_at(Instant::now() + first, plan.period);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let at_once = if self.number % 2 == 1 { plan.depth } else { 1 };
        loop {
            tokio::select! {
                // An error is the end of whoever would stop it.
                _ = stop.wait_for(|stop| *stop) => return self,
                _ = pace.tick() => {}
            }
            let exchange = timeout(PATIENCE, self.exchange(plan, at_once));
            if let Err(error) = exchange.await.map_err(io::Error::from).flatten() {
                self.lost = Some(error);
                return self;
            }
        }
    }

    /// Sends some lines at once, and takes their answers.
    async fn exchange(&mut self, plan: &TalkPlan, at_once: u32) -> io::Result<()> {
        let lines: Vec<_> = (0..u64::from(at_once))
            .map(|further| {
                let number = self.sent + further;
                let ending = (plan.ending)(number);
                (format!("{}.{number}{ending}", self.number), ending)
            })
            .collect();
        let mut bytes = lines.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join("\n");
        bytes.push('\n');
        // In two pieces, of which the first mostly ends within a line.
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let began = Instant::now();
        self.stream.write_all(first.as_bytes()).await?;
        if at_once > 1 {
            tokio::task::yield_now().await;
        }
        self.stream.write_all(second.as_bytes()).await?;
        self.sent += u64::from(at_once);
        self.marked += lines.iter().filter(|(_, ending)| !ending.is_empty()).count() as u64;
        let mut answer = String::new();
        for (text, ending) in &lines {
            answer.clear();
            if self.stream.read_line(&mut answer).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let answer = answer.trim_end_matches('\n');
            match (plan.judge)(Line { text, ending }, answer) {
                Answer::Ordinary(member) => {
                    if self.answered.len() <= member {
                        self.answered.resize(member + 1, 0);
                    }
                    self.answered[member] += 1;
                    self.ordinary.push(nanos);
                }
                Answer::Failure => {
                    self.failures += 1;
                    self.failing.push(nanos);
                }
                Answer::Wrong => {
                    let why = format!("{text:?} was answered by {answer:?}");
                    return Err(io::Error::new(ErrorKind::InvalidData, why));
                }
            }
        }
        if self.stream.buffer().is_empty() {
            return Ok(());
        }
        let too_much = String::from_utf8_lossy(self.stream.buffer()).into_owned();
        Err(io::Error::new(ErrorKind::InvalidData, format!("nobody asked for {too_much:?}")))
    }

    pub(super) fn sum_up(
        mut self,
        talked: &mut Talked,
        ordinary: &mut Vec<u64>,
        failing: &mut Vec<u64>,
    ) {
        talked.sent += self.sent;
        talked.marked += self.marked;
        if talked.answered.len() < self.answered.len() {
            talked.answered.resize(self.answered.len(), 0);
        }
        for (all, own) in talked.answered.iter_mut().zip(&self.answered) {
            *all += own;
        }
        talked.failures += self.failures;
        if let Some(error) = self.lost {
            talked.lost += 1;
            talked.why.get_or_insert(format!("{}: {error}", self.number));
        }
        ordinary.append(&mut self.ordinary);
        failing.append(&mut self.failing);
    }
}
