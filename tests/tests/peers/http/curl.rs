//! Every way in which curl asks, and what it is refused.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::Value;
use trunkline_tests::peers::{OutsideServer, Program, nginx, require};

use super::{Front, Said, aiohttp_origin, listen_to, require_of_python, run};

fn quiet(curl: &Program) -> Command {
    let mut command = curl.command();
    command.args(["--silent", "--show-error", "--max-time", "50"]);
    command
}

fn origin() -> Result<Option<(Program, OutsideServer)>> {
    let (Some(curl), Some(python)) = (require("curl")?, require_of_python("python")?) else {
        return Ok(None);
    };
    Ok(Some((curl, aiohttp_origin(&python)?)))
}

#[test]
fn curl_gets_heads_and_ranges_of_a_file() -> Result<()> {
    let (Some(curl), Some(program)) = (require("curl")?, require("nginx")?) else {
        return Ok(());
    };
    let origin = nginx::start_site(&program, &[("file", b"0123456789abcdef")], "")?;
    let front = Front::of(origin.address())?;
    let ask = |arguments: &[&str]| {
        let mut command = quiet(&curl);
        command.args(arguments).arg(front.url("/file"));
        run(command)
    };
    ensure!(ask(&[])? == "0123456789abcdef");
    let head = ask(&["--head"])?.to_lowercase();
    ensure!(head.starts_with("http/1.1 200") && head.contains("content-length: 16"), "{head}");
    let range = ask(&["--range", "4-7", "--write-out", " %{http_code}"])?;
    ensure!(range == "4567 206", "{range}");
    let beyond = ask(&["--range", "99-", "--write-out", " %{http_code}", "--output", "/dev/null"])?;
    ensure!(beyond == " 416", "{beyond}");
    front.ends_well()
}

#[test]
fn curl_uploads_with_a_length_and_in_chunks() -> Result<()> {
    let Some((curl, origin)) = origin()? else {
        return Ok(());
    };
    let front = Front::of(origin.address())?;
    for chunked in [false, true] {
        let mut command = quiet(&curl);
        command.args(["--data-binary", "one two three"]).arg(front.url("/told"));
        if chunked {
            command.args(["--header", "Transfer-Encoding: chunked"]);
        }
        let told: Value = serde_json::from_str(&run(command)?)?;
        ensure!(told["method"] == "POST" && told["length"] == 13, "{told}");
        ensure!(told["chunked"] == chunked, "{told}");
        ensure!(told["forwarded"] == "127.0.0.1", "{told}");
    }
    front.ends_well()
}

#[test]
fn curl_is_told_to_go_on_before_it_sends_a_large_body() -> Result<()> {
    let Some((curl, origin)) = origin()? else {
        return Ok(());
    };
    let front = Front::of(origin.address())?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("body");
    fs::write(&file, vec![b'x'; 3_000_000])?;
    let mut command = quiet(&curl);
    // Longer than the test may take: curl sends only when it is told to.
    command.args(["--verbose", "--expect100-timeout", "600", "--header", "Expect: 100-continue"]);
    command.arg("--data-binary").arg(format!("@{}", file.display())).arg(front.url("/told"));
    let Said { code, stdout, stderr } = listen_to(command)?;
    ensure!(code == Some(0) && stdout.contains("3000000"), "{stdout}\n{stderr}");
    ensure!(stderr.contains("< HTTP/1.1 100 Continue"), "{stderr}");
    front.ends_well()
}

#[test]
fn curl_in_http_1_0_gets_whole_answers_of_any_kind() -> Result<()> {
    let Some((curl, origin)) = origin()? else {
        return Ok(());
    };
    let front = Front::of(origin.address())?;
    for path in ["/measured/50000", "/chunked/50000"] {
        let mut command = quiet(&curl);
        command.args(["--http1.0", "--output", "/dev/null", "--dump-header", "-"]);
        command.args(["--write-out", "%{size_download}"]).arg(front.url(path));
        let said = run(command)?.to_lowercase();
        ensure!(said.ends_with("50000"), "{said}");
        ensure!(!said.contains("transfer-encoding"), "no HTTP/1.0 client knows that: {said}");
    }
    front.ends_well()
}

#[test]
fn curl_keeps_its_connection_over_several_addresses() -> Result<()> {
    let Some((curl, origin)) = origin()? else {
        return Ok(());
    };
    let front = Front::of(origin.address())?;
    let mut command = quiet(&curl);
    for path in ["/measured/10", "/chunked/70000", "/measured/0", "/chunked/0", "/measured/70000"] {
        command.arg(front.url(path)).args(["--output", "/dev/null"]);
    }
    command.args(["--write-out", "%{http_code}:%{num_connects}:%{size_download}\n"]);
    let said = run(command)?;
    ensure!(said == "200:1:10\n200:0:70000\n200:0:0\n200:0:0\n200:0:70000", "{said}");
    front.ends_well()
}

#[test]
fn curl_is_refused_what_is_no_request_and_nothing_of_it_is_passed_on() -> Result<()> {
    let Some((curl, origin)) = origin()? else {
        return Ok(());
    };
    let routes = "{ host = \"127.0.0.1\", pool = \"main\" }";
    let front = Front::with(origin.address(), routes, "body_size = \"1KiB\"\nfields = 50")?;
    let long = format!("x-long: {}", "x".repeat(40_000));
    let many: Vec<_> = (0..60).map(|number| format!("x-{number}: 1")).collect();
    let many: Vec<_> = many.iter().flat_map(|field| ["--header", field]).collect();
    let body = "x".repeat(2_000);
    let cases: [(&str, &[&str]); 12] = [
        ("400", &["--header", "Host;"]),
        ("400", &["--header", "Host: a b"]),
        ("400", &["--header", "Content-Length: 3", "--header", "Transfer-Encoding: chunked"]),
        ("400", &["--header", "Content-Length: -1"]),
        ("400", &["--header", "bad name: 1"]),
        ("404", &["--header", "Host: elsewhere.example"]),
        ("413", &["--data", &body]),
        ("417", &["--header", "Expect: wonders"]),
        ("431", &["--header", &long]),
        ("431", &many),
        ("501", &["--header", "Transfer-Encoding: gzip"]),
        ("501", &["--request", "CONNECT"]),
    ];
    for (status, arguments) in cases {
        let mut command = quiet(&curl);
        command.args(["--output", "/dev/null", "--write-out", "%{http_code}"]);
        command.args(arguments).arg(front.url("/measured/10"));
        let said = listen_to(command)?.stdout;
        let shown: Vec<_> = arguments.iter().map(|it| &it[..it.len().min(40)]).collect();
        ensure!(said == status, "{said} and not {status} for {shown:?}");
    }
    front.ends_well()
}
