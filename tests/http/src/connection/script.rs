//! A script: what happens on a connection, one after the other.
//!
//! The byte 0x1e and a letter begin an event; the bytes up to the next one belong to it. No head may
//! hold that byte, and bodies lose little without it, so that a script can be read and written by
//! hand. What comes before the first is the client's.
//!
//! | letter | event |
//! |---|---|
//! | `C` | the client sends the bytes |
//! | `B` | the backend sends the bytes |
//! | `F` | the client ends its side |
//! | `E` | the backend ends its side |
//! | `R` | the backend resets the connection |

/// What begins an event.
pub const MARK: u8 = 0x1e;

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'b> {
    /// The client sends.
    Client(&'b [u8]),
    /// The backend sends.
    Backend(&'b [u8]),
    /// The client ends its side.
    ClientEnds,
    /// The backend ends its side.
    BackendEnds,
    /// The backend resets its connection.
    BackendResets,
}

/// The events of `input`. A letter that is none stands for the client's, and is one of its bytes.
#[must_use]
pub fn read(input: &[u8]) -> Vec<Event<'_>> {
    let mut parts = input.split(|byte| *byte == MARK);
    let first = parts.next().filter(|first| !first.is_empty()).map(Event::Client);
    let marked = parts.map(|part| match part {
        [b'B', bytes @ ..] => Event::Backend(bytes),
        [b'C', bytes @ ..] => Event::Client(bytes),
        [b'F', ..] => Event::ClientEnds,
        [b'E', ..] => Event::BackendEnds,
        [b'R', ..] => Event::BackendResets,
        bytes => Event::Client(bytes),
    });
    first.into_iter().chain(marked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_divide_an_input_into_events() {
        let events = read(b"GET \x1eC/ \x1eBHTTP\x1eR\x1eF?\x1eE\x1e\x1ez");
        let client = |bytes| Event::Client(bytes);
        assert_eq!(
            events,
            [
                client(b"GET "),
                client(b"/ "),
                Event::Backend(b"HTTP"),
                Event::BackendResets,
                Event::ClientEnds,
                Event::BackendEnds,
                client(b""),
                client(b"z"),
            ]
        );
    }
}
