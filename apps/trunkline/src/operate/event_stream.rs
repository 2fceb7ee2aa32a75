//! Server-sent events, read as they come (HTML, section 9.2.6 "Interpreting an event stream").

use std::collections::VecDeque;

/// The longest line, and the most data of one event. A server's are a few hundred bytes.
const LONGEST: usize = 64 * 1024;

/// What was sent: the event's name, and its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    /// `message` where the stream names none.
    pub(super) name: String,
    /// Its lines, with `\n` between them.
    pub(super) data: String,
}

/// A line or an event that is longer than 64 KiB.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// The reader's state between two pieces of the stream.
#[derive(Debug, Default)]
pub(super) struct EventStream {
    line: Vec<u8>,
    name: String,
    data: String,
    has_data: bool,
    /// A line ended with a carriage return: a line feed behind it is part of the same end.
    returned: bool,
}

impl EventStream {
    /// Takes the next piece in, wherever it was cut, and puts the events that it completes behind
    /// those in `ready`.
    ///
    /// # Errors
    /// Where a line or an event grows too long. The stream is of no use then.
    pub(super) fn feed(&mut self, piece: &[u8], ready: &mut VecDeque<Sent>) -> Result<(), TooLong> {
        for &byte in piece {
            let follows_return = std::mem::replace(&mut self.returned, byte == b'\r');
            match byte {
                b'\n' if follows_return => {}
                b'\n' | b'\r' => {
                    let mut line = std::mem::take(&mut self.line);
                    ready.extend(self.end_line(&line)?);
                    line.clear();
                    self.line = line;
                }
                _ if self.line.len() == LONGEST => return Err(TooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    /// A whole line; the empty one ends an event.
    fn end_line(&mut self, line: &[u8]) -> Result<Option<Sent>, TooLong> {
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            let data = std::mem::take(&mut self.data);
            let name = if name.is_empty() { "message".to_owned() } else { name };
            return Ok(std::mem::take(&mut self.has_data).then_some(Sent { name, data }));
        }
        let line = String::from_utf8_lossy(line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if self.data.len() + value.len() >= LONGEST {
                    return Err(TooLong);
                }
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            // A comment has no name; `id` and `retry` are for who connects again by itself.
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Result<Vec<(String, String)>, TooLong> {
        let (mut stream, mut ready) = (EventStream::default(), VecDeque::new());
        for piece in pieces {
            stream.feed(piece, &mut ready)?;
        }
        Ok(ready.into_iter().map(|sent| (sent.name, sent.data)).collect())
    }

    fn sent(name: &str, data: &str) -> (String, String) {
        (name.to_owned(), data.to_owned())
    }

    const STREAM: &[u8] =
        b": hello\r\n\r\nevent: started\ndata: {\"a\":1}\n\ndata:x\rdata: y\r\r\nid: 7\n\nevent: none\n\n";

    #[test]
    fn events_are_read_with_their_names_and_all_their_data() {
        let read = read(&[STREAM]).unwrap();
        assert_eq!(read, [sent("started", "{\"a\":1}"), sent("message", "x\ny")]);
    }

    #[test]
    fn it_does_not_matter_where_the_stream_is_cut() {
        let whole = read(&[STREAM]).unwrap();
        for at in 0..STREAM.len() {
            let (one, two) = STREAM.split_at(at);
            assert_eq!(read(&[one, two]).unwrap(), whole, "cut at {at}");
        }
        let bytes: Vec<_> = STREAM.chunks(1).collect();
        assert_eq!(read(&bytes).unwrap(), whole);
    }

    #[test]
    fn an_event_that_is_not_over_is_not_told() {
        assert_eq!(read(&[b"event: started\ndata: 1\n"]).unwrap(), []);
    }

    #[test]
    fn a_line_or_an_event_without_an_end_is_refused() {
        let line = vec![b'a'; LONGEST + 1];
        assert_eq!(read(&[&line]), Err(TooLong));
        let data = format!("data: {}\n", "a".repeat(LONGEST / 4));
        assert_eq!(read(&[data.repeat(5).as_bytes()]), Err(TooLong));
    }
}
