//! What nginx does with answers comes through: chunks by gzip and by SSI, conditions, ages.

use anyhow::{Context, Result, ensure};
use trunkline_tests::peers::{OutsideServer, Program, nginx, require};

use super::{Front, run};

/// Long enough to be compressed, and to come in several chunks.
const TEXT: usize = 200_000;

struct Site {
    curl: Program,
    front: Front,
    _origin: OutsideServer,
}

impl Site {
    fn start() -> Result<Option<Self>> {
        let (Some(curl), Some(program)) = (require("curl")?, require("nginx")?) else {
            return Ok(None);
        };
        let text = "a line of the text\n".repeat(TEXT / 19);
        let page = "<!--#include virtual=\"/text\" -->".repeat(2);
        let files = [("text", text.as_bytes()), ("page", page.as_bytes())];
        let settings = "location / { gzip on; gzip_types *; expires 1h; } \
                        location = /page { ssi on; ssi_types *; }";
        let origin = nginx::start_site(&program, &files, settings)?;
        let front = Front::of(origin.address())?;
        Ok(Some(Self { curl, front, _origin: origin }))
    }

    /// The head of the answer, in lower case, and then what `--write-out` says.
    fn ask(&self, path: &str, arguments: &[&str]) -> Result<String> {
        let mut command = self.curl.command();
        command.args(["--silent", "--show-error", "--output", "/dev/null", "--dump-header", "-"]);
        command.args(["--write-out", "%{http_code} %{size_download}"]);
        command.args(arguments).arg(self.front.url(path));
        Ok(run(command)?.to_lowercase())
    }
}

#[test]
fn answers_that_nginx_compresses_or_puts_together_come_in_chunks() -> Result<()> {
    let Some(site) = Site::start()? else {
        return Ok(());
    };
    let text = TEXT / 19 * 19;
    let said = site.ask("/text", &["--compressed"])?;
    ensure!(said.contains("content-encoding: gzip"), "{said}");
    ensure!(said.contains("transfer-encoding: chunked"), "{said}");
    let said = site.ask("/page", &[])?;
    ensure!(said.contains("transfer-encoding: chunked"), "{said}");
    ensure!(said.ends_with(&format!("200 {}", 2 * text)), "{said}");
    site.front.ends_well()
}

#[test]
fn conditions_ranges_and_ages_are_those_of_nginx() -> Result<()> {
    let Some(site) = Site::start()? else {
        return Ok(());
    };
    let said = site.ask("/text", &[])?;
    ensure!(said.contains("cache-control: max-age=3600") && said.contains("expires: "), "{said}");
    let tag = said.lines().find_map(|line| line.strip_prefix("etag: ")).context("no etag")?;
    let condition = format!("If-None-Match: {}", tag.trim());
    // Twice over one connection: an answer without a body ends with its head.
    let url = site.front.url("/text");
    let twice = ["--header", &condition, "--output", "/dev/null", &url];
    let said = site.ask("/text", &twice)?;
    ensure!(said.matches("304 0").count() == 2, "{said}");
    ensure!(!said.contains("content-length"), "{said}");
    let said = site.ask("/text", &["--range", "19-37"])?;
    ensure!(said.contains("content-range: bytes 19-37/") && said.ends_with("206 19"), "{said}");
    let said = site.ask("/text", &["--range", "0-1,5-6"])?;
    ensure!(said.contains("multipart/byteranges"), "{said}");
    site.front.ends_well()
}
