//! Bytes that leave before the last has come.

use anyhow::{Result, ensure};

use super::site::{Plan, Site};

#[test]
fn a_body_reaches_the_backend_before_it_is_whole() -> Result<()> {
    let (site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let bodies = [
        ("Content-Length: 10", "first", "other"),
        ("Transfer-Encoding: chunked", "5\r\nfirst\r\n", "5\r\nother\r\n0\r\n\r\n"),
    ];
    for (framing, first, rest) in bodies {
        let mut client =
            site.asking(format!("POST /x HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n"))?;
        let mut backend = upstream.accept()?;
        backend.head()?;
        client.send(first)?;
        backend.expect(first)?;
        client.send(rest)?;
        backend.expect(rest)?;
        backend.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")?;
        ensure!(client.answer()?.text() == "ok", "no answer");
    }
    Ok(())
}

#[test]
fn an_answer_reaches_the_client_before_it_is_whole() -> Result<()> {
    let (site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let bodies = [
        ("Content-Length: 10", "first", "other"),
        ("Transfer-Encoding: chunked", "5\r\nfirst\r\n", "5\r\nother\r\n0\r\n\r\n"),
    ];
    for (framing, first, rest) in bodies {
        let mut client = site.asking("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")?;
        let mut backend = upstream.accept()?;
        backend.head()?;
        backend.send(format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{framing}\r\n\r\n"))?;
        client.expect(format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n"))?;
        backend.send(first)?;
        client.expect(first)?;
        backend.send(rest)?;
        client.expect(rest)?;
    }
    Ok(())
}

#[test]
fn both_bodies_may_be_under_way_at_once() -> Result<()> {
    let (site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let mut client =
        site.asking("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    client.head()?;
    for _ in 0..10 {
        client.send("4\r\nping\r\n")?;
        backend.expect("4\r\nping\r\n")?;
        backend.send("4\r\npong\r\n")?;
        client.expect("4\r\npong\r\n")?;
    }
    client.send("0\r\n\r\n")?;
    backend.expect("0\r\n\r\n")?;
    backend.send("0\r\n\r\n")?;
    client.expect("0\r\n\r\n")?;
    client.expect_end()
}

#[test]
fn ten_megabytes_arrive_whole_in_both_directions() -> Result<()> {
    const LENGTH: usize = 10_000_000;
    let (site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let head = format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {LENGTH}\r\n\r\n");
    let mut client = site.asking(head)?;
    let body: Vec<u8> = (0..LENGTH).map(|byte| byte.wrapping_mul(2_654_435_761) as u8).collect();
    let mut backend = upstream.accept()?;
    backend.head()?;
    let mut sender = client.try_clone()?;
    let mut back = backend.try_clone()?;
    std::thread::scope(|scope| {
        let body = &body;
        let sending = scope.spawn(move || sender.send(body));
        let uploaded = backend.bytes(LENGTH)?;
        sending.join().map_err(|_| anyhow::anyhow!("the sender panicked"))??;
        ensure!(uploaded == *body, "the upload was changed");
        let answering = scope.spawn(move || {
            back.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n"))?;
            back.send(body)
        });
        let answer = client.answer()?;
        answering.join().map_err(|_| anyhow::anyhow!("the backend panicked"))??;
        ensure!(answer.body == *body, "the answer was changed");
        Ok(())
    })
}

#[test]
fn the_line_counts_every_byte_that_a_slow_client_takes() -> Result<()> {
    let length = 16 << 20;
    let (mut site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let mut client = site.asking("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    let sending = std::thread::Builder::new().spawn({
        let head = head.clone();
        move || {
            backend.send(head)?;
            backend.send(vec![b'x'; length])
        }
    })?;
    client.expect(&head)?;
    client.bytes(length)?;
    sending.join().map_err(|_| anyhow::anyhow!("the sender panicked"))??;
    let line = site.line(client.local_addr()?)?;
    ensure!(line["bytes_out"] == head.len() + length, "{line}");
    Ok(())
}
