use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use super::*;

/// Sends lines back over one connection, and says something else for the third; then tells of it.
fn answer(listener: &TcpListener, third: &str, told: &mpsc::Sender<()>) -> Result<()> {
    let (stream, _) = listener.accept()?;
    let mut answers = stream.try_clone()?;
    for (number, line) in BufReader::new(stream).lines().enumerate() {
        let line = line?;
        let answer = if number == 2 { third } else { &line };
        answers.write_all(format!("{answer}\n").as_bytes())?;
        if number == 2 {
            told.send(())?;
        }
    }
    Ok(())
}

fn talk(third: &'static str) -> Result<Talked> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let to = listener.local_addr()?;
    let (tell, told) = mpsc::channel();
    let server = Builder::new().spawn(move || answer(&listener, third, &tell))?;
    let talkers = Talkers::start(TalkPlan {
        to,
        connections: 1,
        depth: 1,
        period: Duration::from_millis(1),
        ending: |_| "",
        judge: |line, answer| match answer {
            "failed" => Answer::Failure,
            _ if answer == line.text => Answer::Ordinary(0),
            _ => Answer::Wrong,
        },
    })?;
    told.recv_timeout(OPEN)?;
    let talked = talkers.stop()?;
    // A client that has lost its connection may have left an answer unread.
    let _either = server.join().map_err(|_| anyhow!("the server panicked"))?;
    Ok(talked)
}

#[test]
fn the_answer_to_another_line_loses_the_connection() -> Result<()> {
    let talked = talk("0.1")?;
    assert_eq!((talked.sent, talked.ordinary_answers(), talked.lost), (3, 2, 1));
    assert!(talked.losses().contains("\"0.2\" was answered by \"0.1\""), "{}", talked.losses());
    Ok(())
}

#[test]
fn an_answer_too_many_is_noticed() -> Result<()> {
    let talked = talk("0.2\nand more")?;
    assert_eq!((talked.ordinary_answers(), talked.lost), (3, 1), "{talked:?}");
    Ok(())
}

#[test]
fn a_failure_is_counted_apart_and_loses_nothing() -> Result<()> {
    let talked = talk("failed")?;
    assert_eq!((talked.failures, talked.lost), (1, 0), "{}", talked.losses());
    assert_eq!(talked.sent, talked.ordinary_answers() + 1);
    Ok(())
}
