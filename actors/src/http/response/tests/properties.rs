//! Whatever comes, and however it is cut.

use proptest::prelude::*;

use super::*;

/// A head in the way of a backend, good and bad, so that a mutation of it is near to the edges.
fn heads() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("Content-Length: 5".to_owned()),
        Just("Transfer-Encoding: chunked".to_owned()),
        Just("Connection: close, x-a".to_owned()),
        Just("Connection: keep-alive".to_owned()),
        Just("Upgrade: websocket".to_owned()),
        "[xX]-[abA]:[ \t]{0,2}[ -~]{0,20}",
    ];
    let heads = (
        prop_oneof![
            Just("HTTP/1.1 200 OK"),
            Just("HTTP/1.0 200"),
            Just("HTTP/1.1 304 "),
            Just("HTTP/1.1 204 No"),
            Just("HTTP/1.1 101 Up"),
        ],
        prop::collection::vec(line, 0..6),
    );
    let bytes = heads.prop_map(|(first, lines)| {
        let mut bytes = first.as_bytes().to_vec();
        for line in &lines {
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(line.as_bytes());
        }
        bytes.extend_from_slice(b"\r\n\r\nrest");
        bytes
    });
    let change = (any::<prop::sample::Index>(), prop::sample::select(&b"\r\n \t:\0\x7fx\xff,"[..]));
    (bytes, prop::option::of(change)).prop_map(|(mut bytes, change)| {
        if let Some((place, byte)) = change {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes
    })
}

/// Reads a head as plainly as can be: its first line, and its fields with names in lower case.
fn naive(bytes: &[u8]) -> (String, Vec<(String, String)>) {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let head = &text[..text.find("\r\n\r\n").unwrap()];
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap().to_owned();
    let fields = lines.map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned())
    });
    (first, fields.collect())
}

proptest! {
    #[test]
    fn a_head_in_pieces_is_the_head_in_one(
        bytes in heads(), size in 0usize..120, fields in 0usize..8, upgrade: bool,
    ) {
        let (limits, asked) = (HeadLimits { size, fields }, Asked { head: false, upgrade });
        let whole = seen(&bytes, &limits, &asked);
        let first = (0..=bytes.len())
            .map(|end| seen(&bytes[..end], &limits, &asked))
            .find(|seen| *seen != Ok(None))
            .unwrap_or(Ok(None));
        prop_assert_eq!(first, whole);
    }

    #[test]
    fn what_goes_on_is_what_came_without_what_concerns_the_backend_alone(
        bytes in heads(), head: bool, upgrade: bool,
    ) {
        let asked = Asked { head, upgrade };
        read(&bytes, &HeadLimits::default(), &asked, |answer| {
            let Ok(Some(answer)) = answer else { return Ok(()) };
            let connection = if answer.status == 101 {
                Connection::Upgrade
            } else {
                Connection::Silent
            };
            let framing = framing(answer.body, Version::Http11);
            let mut to = Vec::new();
            answer.write(&mut to, &Onward { framing, connection, also: &[] });

            let (_, came) = naive(&bytes);
            let (first, went) = naive(&to);
            let line = format!("HTTP/1.1 {} ", answer.status);
            prop_assert!(first.starts_with(&line));
            let hop = |name: &str| {
                ["connection", "upgrade", "transfer-encoding", "content-length"].contains(&name)
            };
            let named: Vec<&str> = came
                .iter()
                .filter(|(name, _)| name == "connection")
                .flat_map(|(_, value)| value.split(','))
                .map(|item| item.trim_matches([' ', '\t']))
                .collect();
            let stays = |name: &str| {
                !hop(name) && !named.iter().any(|item| item.eq_ignore_ascii_case(name))
            };
            let stayed: Vec<_> = came.iter().filter(|(name, _)| stays(name)).collect();
            let arrived: Vec<_> = went.iter().filter(|(name, _)| !hop(name)).collect();
            prop_assert_eq!(stayed, arrived);

            let again = read(&to, &HeadLimits::default(), &asked, |again| {
                let again = again.unwrap().unwrap();
                assert_eq!(again.length, to.len());
                again.body
            });
            let wanted = match answer.body {
                AnswerBody::UntilClose => AnswerBody::Chunked,
                body @ (AnswerBody::None | AnswerBody::Length(_) | AnswerBody::Chunked) => body,
            };
            prop_assert_eq!(again, wanted);
            Ok(())
        })?;
    }

    #[test]
    fn no_bytes_are_too_strange_to_be_read(
        bytes in prop::collection::vec(any::<u8>(), 0..200), started: bool, head: bool,
    ) {
        let bytes = if started { [b"HTTP/1.1 200 OK\r\n", &bytes[..]].concat() } else { bytes };
        let asked = Asked { head, upgrade: true };
        read(&bytes, &HeadLimits::default(), &asked, |head| {
            if let Ok(Some(head)) = head {
                head.write(&mut Vec::new(), &STAY);
            }
        });
    }
}
