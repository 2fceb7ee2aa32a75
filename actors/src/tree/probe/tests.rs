use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use socket2::{Domain, SockRef, Socket, Type};

use super::*;
use crate::http::refusal::BadAnswer;
use crate::probe::HttpProbePlan;
use crate::socket::ConnectFailure;

const LONG: Duration = Duration::from_secs(20);
const SECOND: Duration = Duration::from_secs(1);

fn settings(kind: ProbeKind) -> ProbeSettings {
    ProbeSettings { interval: 2 * SECOND, interval_down: SECOND, timeout: LONG, kind }
}

fn http(body: Option<&str>) -> ProbeSettings {
    let body = body.map(str::to_owned);
    let plan = HttpProbePlan { path: "/up".into(), body, ..HttpProbePlan::default() };
    settings(ProbeKind::Http(Arc::new(HttpProbe::new(plan).unwrap())))
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Probes a backend that reads the request and then does `then`. It says what was asked.
fn served(
    settings: &ProbeSettings,
    then: impl FnOnce(TcpStream) + Send,
) -> (Result<(), ProbeFailure>, String) {
    let (listener, address) = listener();
    std::thread::scope(|scope| {
        let backend = scope.spawn(|| {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut request, mut buffer) = (Vec::new(), [0; 1024]);
            while !request.ends_with(b"\r\n\r\n") {
                let read = stream.read(&mut buffer).unwrap();
                assert!(read > 0, "the probe sends its whole request");
                request.extend_from_slice(&buffer[..read]);
            }
            then(stream);
            String::from_utf8(request).unwrap()
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let result = runtime.block_on(ask(settings, address, Some("web.local")));
        (result, backend.join().unwrap())
    })
}

/// Probes a backend that gives this answer in these pieces, and closes.
fn probed(settings: &ProbeSettings, pieces: &[&[u8]]) -> (Result<(), ProbeFailure>, String) {
    served(settings, |mut stream| {
        stream.set_nodelay(true).unwrap();
        pieces.iter().for_each(|piece| stream.write_all(piece).unwrap());
    })
}

#[test]
fn an_answer_that_fits_passes() {
    let (result, request) = probed(
        &http(Some("alive")),
        &[b"HTTP/1.1 200 OK\r\n", b"Content-Length: 7\r\n\r\n", b" ali", b"ve "],
    );
    assert_eq!(result, Ok(()));
    assert!(request.starts_with("GET /up HTTP/1.1\r\nHost: web.local:"), "{request}");
}

#[test]
fn an_answer_that_does_not_fit_says_why() {
    let (result, _) = probed(&http(None), &[b"HTTP/1.1 503 No\r\n\r\n"]);
    assert_eq!(result, Err(ProbeFailure::Status(503)));
    let (result, _) = probed(&http(Some("alive")), &[b"HTTP/1.1 200 OK\r\n\r\ndead"]);
    assert_eq!(result, Err(ProbeFailure::TextMissing));
    let (result, _) = probed(&http(None), &[]);
    assert_eq!(result, Err(ProbeFailure::Answer(BadAnswer::Missing)));
}

#[tokio::test]
async fn a_tcp_probe_wants_a_connection_and_leaves_none_behind() {
    let (listener, address) = listener();
    assert_eq!(ask(&settings(ProbeKind::Tcp), address, None).await, Ok(()));
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn where_nothing_listens_a_probe_is_refused() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let failure = ask(&http(None), address, None).await.unwrap_err();
    assert_eq!(failure, ProbeFailure::Connect(ConnectFailure::Refused));
    assert_eq!((failure.name(), failure.fault()), ("refused", Fault::Backend));
}

#[test]
fn a_backend_that_resets_has_lost_the_connection() {
    let (result, _) = served(&http(None), |mut stream| {
        stream.write_all(b"HTTP/1.1 200 O").unwrap();
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    });
    assert_eq!(result, Err(ProbeFailure::Lost(Loss::Reset)));
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_says_nothing_has_the_time_of_one_probe_for_everything() {
    let (_listener, address) = listener();
    let begun = Instant::now();
    let result = ask(&http(None), address, None).await;
    assert_eq!(result, Err(ProbeFailure::AnswerTimedOut));
    assert!(begun.elapsed() >= LONG && begun.elapsed() <= LONG + Duration::from_millis(10));
}

#[test]
fn a_backend_that_is_out_is_probed_more_often_and_none_in_step() {
    let settings = settings(ProbeKind::Tcp);
    let down = Standing::Down { retry_at: Instant::now() };
    for (standing, interval) in
        [(Standing::Up, 2.0), (Standing::Shaky, 2.0), (down, 1.0), (Standing::OnTrial, 1.0)]
    {
        for (random, tenths) in [(0.0, 9.0), (0.5, 10.0), (1.0, 11.0)] {
            let pause = settings.pause(standing, random).as_secs_f64();
            assert!((pause - interval * tenths / 10.0).abs() < 1e-9, "{standing:?}: {pause}");
        }
    }
}
