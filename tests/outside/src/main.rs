//! A program that knows of Trunkline what its documentation tells: `outside FILE` without the
//! command line, and `outside run -c FILE` with it.

use std::process::ExitCode;

use trunkline::codec::LinesCodec;
use trunkline::{Crash, Cx, Next, Peer, Protocol, Result};

/// Sends lines back, and survives those that crash it.
struct Lines;

impl Protocol for Lines {
    type Codec = LinesCodec;
    type State = u64;

    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }

    fn state(&self, _: &Peer) -> u64 {
        0
    }

    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        assert_ne!(line, "crash", "the line asked for it");
        cx.state += 1;
        let answer = format!("{} {line}", cx.state);
        cx.send(answer).await?;
        Ok(Next::Read)
    }

    async fn recovered(&self, cx: &mut Cx<Self>, _: &Crash) -> Result<Next> {
        cx.send("crashed").await?;
        Ok(Next::Read)
    }
}

#[cfg(feature = "cli")]
fn main() -> ExitCode {
    trunkline::app().protocol("outside", Lines).run()
}

#[cfg(not(feature = "cli"))]
fn main() -> ExitCode {
    let app = trunkline::app().protocol("outside", Lines);
    let Some(file) = std::env::args_os().nth(1) else {
        eprintln!("outside FILE");
        return ExitCode::from(2);
    };
    let settings = match app.load(file.as_ref()) {
        Ok(settings) => settings,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::from(2);
        }
    };
    match app.serve(settings) {
        Ok(trunkline::Ended::Shutdown) => ExitCode::SUCCESS,
        Ok(trunkline::Ended::Escalated { child }) => {
            eprintln!("{child} gave up");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
