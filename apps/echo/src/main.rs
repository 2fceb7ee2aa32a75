//! Sends every line back: the smallest whole server.

use trunkline::{Cx, Next, Peer, Protocol, Result, codec::LinesCodec};

struct Echo;

impl Protocol for Echo {
    type Codec = LinesCodec;
    type State = ();
    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }
    fn state(&self, _: &Peer) {}
    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        cx.send(line).await.map(|()| Next::Read)
    }
}

fn main() -> std::process::ExitCode {
    trunkline::app().protocol("lines", Echo).run()
}

#[cfg(test)]
mod tests;
