//! What is sent, and what must become of it.

/// One case. In all its bytes `@@` stands for a word that is nobody else's.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// What the client sends.
    pub(crate) sent: Vec<u8>,
    /// What becomes of each request in it.
    pub(crate) gets: Vec<Gets>,
    /// Whether the connection ends after the last answer.
    pub(crate) closes: bool,
}

/// What becomes of one request.
#[derive(Clone, Debug)]
pub(crate) enum Gets {
    /// The backend gets exactly these bytes, where `{host}` stands for the forwarding fields of a
    /// request to that host. The client gets the backend's answer.
    Passed(Vec<u8>),
    /// The client gets a refusal with this status, the log this code.
    Refused(u16, &'static str),
}

impl Case {
    /// The connection ends after it.
    pub(crate) fn closing(self) -> Self {
        Self { closes: true, ..self }
    }
}

/// A request that goes on as `backend`.
pub(crate) fn passed(name: &str, sent: impl AsRef<[u8]>, backend: impl AsRef<[u8]>) -> Case {
    several(name, sent, vec![Gets::Passed(backend.as_ref().to_vec())])
}

/// A request that is refused.
pub(crate) fn refused(name: &str, sent: impl AsRef<[u8]>, status: u16, code: &'static str) -> Case {
    several(name, sent, vec![Gets::Refused(status, code)])
}

/// Several requests.
pub(crate) fn several(name: &str, sent: impl AsRef<[u8]>, gets: Vec<Gets>) -> Case {
    let closes = gets.iter().any(|gets| matches!(gets, Gets::Refused(..)));
    Case { name: name.to_owned(), sent: sent.as_ref().to_vec(), gets, closes }
}

/// What everybody would like to smuggle.
pub(crate) const INNER: &str = "GET /@@-smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/// A POST with these fields and this body.
pub(crate) fn post(fields: &str, body: &str) -> String {
    format!("POST /@@ HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}")
}

/// A GET with these fields.
pub(crate) fn get(fields: &str) -> String {
    format!("GET /@@ HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n")
}

/// `template` with `word` for `@@`.
pub(crate) fn with_word(template: &[u8], word: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((byte, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"@@") {
            bytes.extend_from_slice(word.as_bytes());
            rest = after;
        } else {
            bytes.push(*byte);
            rest = after;
        }
    }
    bytes
}

/// What a backend gets for `template`: with `word`, and with the forwarding fields.
pub(crate) fn onward(template: &[u8], word: &str) -> Vec<u8> {
    let bytes = with_word(template, word);
    let open = bytes.iter().position(|byte| *byte == b'{');
    let close = bytes.iter().position(|byte| *byte == b'}');
    let (Some(open), Some(close)) = (open, close) else { return bytes };
    let host = String::from_utf8_lossy(&bytes[open + 1..close]);
    let (told, node) = match &*host {
        "" => (String::new(), String::new()),
        host => {
            let quote = if host.contains([':', '[']) { "\"" } else { "" };
            let told = format!("X-Forwarded-Host: {host}\r\n");
            (told, format!(";host={quote}{host}{quote}"))
        }
    };
    let fields = format!(
        "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n{told}\
         Forwarded: for=127.0.0.1{node};proto=http\r\n"
    );
    [&bytes[..open], fields.as_bytes(), &bytes[close + 1..]].concat()
}
