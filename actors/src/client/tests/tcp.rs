//! A client over real sockets, on a worker.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use trunkline_runtime::{
    Actor, ChildSpec, Context, Ended, Failure, Flags, Placement, Runtime, StartError, Strategy,
};

use super::harness::{Lines, ok};
use crate::client::{Client, ClientSettings, spec};
use crate::protocol::Means;

/// Asks, and says what came of it.
struct Pupil {
    client: Client<Lines>,
    answers: mpsc::Sender<Vec<Result<String, crate::client::RequestError>>>,
}

impl Actor for Pupil {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let (client, answers) = (self.client.clone(), self.answers.clone());
        let runtime = cx.runtime().cloned();
        cx.run(async move {
            let mut given = Vec::new();
            for request in ["a again", "b again", "c again"] {
                given.push(client.request(request.into(), Duration::from_secs(10)).await);
            }
            answers.send(given).unwrap();
            runtime.unwrap().stop();
            Ok(())
        });
        Ok(())
    }
}

#[test]
fn a_server_that_is_killed_over_each_request_is_found_again_by_its_name() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("localhost:{}", server.local_addr().unwrap().port());
    let serving = std::thread::Builder::new().name("server".into()).spawn(move || {
        let mut seen = Vec::new();
        for connection in 0..6 {
            let (mut stream, _) = server.accept().unwrap();
            let mut line = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
            seen.push(line.trim_end().to_owned());
            if connection % 2 == 1 {
                write!(stream, "={line}").unwrap();
            }
        }
        seen
    });
    let (sender, answers) = mpsc::channel();
    let flags = Flags::new(Strategy::OneForOne);
    let ended = Runtime::builder().workers(1).run("test", flags, |_, root| {
        let means = Arc::new(Means { upstreams: None, blocking: Arc::default() });
        let settings = ClientSettings { placement: Placement::Worker(0), ..Default::default() };
        let (child, client) =
            spec("client", [address], Arc::new(Lines::default()), means, settings);
        let pupil = ChildSpec::leaf("pupil", move || Pupil {
            client: client.clone(),
            answers: sender.clone(),
        });
        Ok::<_, StartError>(root.child(child).child(pupil))
    });
    assert_eq!(ended.unwrap(), Ended::Shutdown);
    let requests = ["a again", "b again", "c again"];
    assert_eq!(answers.recv().unwrap(), requests.map(ok));
    let seen = serving.unwrap().join().unwrap();
    assert_eq!(seen, requests.map(|request| [request, request]).concat());
}
