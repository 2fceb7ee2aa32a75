//! Large bodies both ways, with curl.

use std::fs;

use anyhow::{Result, ensure};
use trunkline_tests::peers::{nginx, require};

use super::{Front, aiohttp_origin, pattern, require_of_python, run};

const LARGE: usize = 50_000_000;

#[test]
fn curl_downloads_fifty_megabytes_unchanged() -> Result<()> {
    let (Some(curl), Some(program)) = (require("curl")?, require("nginx")?) else {
        return Ok(());
    };
    let file = pattern(LARGE);
    let origin = nginx::start_site(&program, &[("large", &file)], "")?;
    let front = Front::of(origin.address())?;
    let folder = tempfile::tempdir()?;
    let came = folder.path().join("came");
    let mut command = curl.command();
    command.args(["--silent", "--show-error", "--fail", "--output"]).arg(&came);
    command.arg(front.url("/large"));
    run(command)?;
    ensure!(fs::read(&came)? == file, "what came is not what was asked for");
    front.ends_well()
}

/// The origin sends a body back while it comes: both directions are full at once.
#[test]
fn curl_uploads_fifty_megabytes_and_has_them_echoed_meanwhile() -> Result<()> {
    let (Some(curl), Some(python)) = (require("curl")?, require_of_python("python")?) else {
        return Ok(());
    };
    let origin = aiohttp_origin(&python)?;
    let front = Front::of(origin.address())?;
    let folder = tempfile::tempdir()?;
    let (sent, came) = (folder.path().join("sent"), folder.path().join("came"));
    let body = pattern(LARGE);
    fs::write(&sent, &body)?;
    for chunked in [false, true] {
        let mut command = curl.command();
        command.args(["--silent", "--show-error", "--fail", "--request", "POST"]);
        command.arg("--upload-file").arg(&sent).arg("--output").arg(&came);
        if chunked {
            command.args(["--header", "Transfer-Encoding: chunked"]);
        }
        command.arg(front.url("/echo"));
        run(command)?;
        ensure!(fs::read(&came)? == body, "what came back is not what was sent ({chunked})");
    }
    front.ends_well()
}
