//! What a second try must not do.

use anyhow::{Result, ensure};

use super::super::site::Plan;
use super::{TRIED, pair, received};

const BUSY: &str = "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbusy";

#[test]
fn the_rest_of_a_body_that_was_not_kept_is_never_taken_for_a_request() -> Result<()> {
    let pool = "fall = 100\neject.failures = 0\nretry = { statuses = [503], buffer = \"1KiB\" }";
    let (mut site, first, second) = pair(&Plan { pool, ..TRIED })?;
    // Whatever is sent behind what was kept would come to the second backend as its beginning.
    let hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    let length = 2000 + hidden.len();
    let mut client =
        site.asking(format!("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"))?;
    let (mut busy, _) = received(&first, 0)?;
    client.send([b'x'; 2000])?;
    busy.expect([b'x'; 2000])?;
    client.send(hidden)?;
    busy.expect(hidden)?;
    busy.send(BUSY)?;
    let answer = client.answer()?;
    ensure!(answer.status == 503 && answer.text() == "busy", "{answer:?}");
    ensure!(second.is_quiet()?, "a part of a body was sent as a request");
    site.expect_tries(client.local_addr()?, 503, "done", 1)
}
