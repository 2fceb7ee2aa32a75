//! The lines that the server writes of requests, where it logs JSON.

use serde::Deserialize;

use super::body::Target;

/// What such a line says, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AccessLine {
    message: String,
    path: String,
    /// Of the answer; none where nothing was answered.
    pub status: Option<u16>,
    /// Why it ended.
    pub code: String,
    /// How far it came.
    pub phase: String,
    /// More on why it ended.
    #[serde(default)]
    pub detail: String,
}

impl AccessLine {
    /// `line` of the log, if it is that of a request.
    pub fn read(line: &str) -> Option<Self> {
        let line: Self = serde_json::from_str(line).ok()?;
        (line.message == "request done").then_some(line)
    }

    /// The number of the request, if it is one of ours. Where no head could be read, the path is the
    /// first line of what came.
    pub fn seed(&self) -> Option<u64> {
        let target = self.path.split(' ').nth(1).unwrap_or(&self.path);
        target.parse::<Target>().ok().map(|target| target.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_request_is_told_from_others() {
        let line = r#"{"message":"request done","path":"/7/1/1/0/length","status":null,
            "code":"crashed","phase":"wait","detail":"crashed: listeners/main/connections/w0/1"}"#;
        let read = AccessLine::read(line);
        assert_eq!(read.as_ref().and_then(AccessLine::seed), Some(7));
        assert_eq!(read.and_then(|line| line.status), None);
        let babbled = AccessLine::read(&line.replace("/7/1", "GET /7/1"));
        assert_eq!(babbled.and_then(|line| line.seed()), Some(7));
        assert_eq!(AccessLine::read(&line.replace("request done", "started")), None);
        assert_eq!(AccessLine::read("ready"), None);
    }
}
