//! http.server in both versions, and one that leaves without a word.

use std::process::Command;

use anyhow::{Result, ensure};
use trunkline_tests::peers::{Program, python, require};

use super::{Front, require_of_python, run, script};

/// Requests in a row over one connection of the client.
const ROW: usize = 100;

fn with_origin(
    version: &str,
    manners: &str,
    test: impl FnOnce(&Program, &Front) -> Result<()>,
) -> Result<()> {
    let (Some(curl), Some(python)) = (require("curl")?, require_of_python("python")?) else {
        return Ok(());
    };
    let origin = python::start(&python, &script("plain_origin.py"), [version, manners])?;
    let front = Front::of(origin.address())?;
    test(&curl, &front)?;
    front.ends_well()
}

/// Asks for all of `paths` over one connection; the status, how many connections were made, and the
/// length for each.
fn ask(curl: &Program, front: &Front, arguments: &[&str], paths: &[&str]) -> Result<Vec<String>> {
    let mut command: Command = curl.command();
    command.args(["--silent", "--show-error"]).args(arguments);
    for path in paths {
        command.args(["--output", "/dev/null"]).arg(front.url(path));
    }
    command.args(["--write-out", "%{http_code} %{num_connects} %{size_download}\n"]);
    Ok(run(command)?.lines().map(str::to_owned).collect())
}

#[test]
fn clients_keep_their_connection_over_answers_of_http_1_0() -> Result<()> {
    with_origin("HTTP/1.0", "stays", |curl, front| {
        let said = ask(curl, front, &[], &["/30000", "/0", "/until-the-end/30000", "/7"])?;
        ensure!(said == ["200 1 30000", "200 0 0", "200 0 30000", "200 0 7"], "{said:?}");
        let said = ask(curl, front, &["--data", "body"], &["/", "/"])?;
        ensure!(said == ["200 1 64", "200 0 64"], "{said:?}");
        Ok(())
    })
}

#[test]
fn an_origin_of_http_1_1_answers_all_over_kept_connections() -> Result<()> {
    with_origin("HTTP/1.1", "stays", |curl, front| {
        let said = ask(curl, front, &[], &["/30000", "/0", "/until-the-end/30000", "/7"])?;
        ensure!(said == ["200 1 30000", "200 0 0", "200 0 30000", "200 0 7"], "{said:?}");
        let said = ask(curl, front, &["--head"], &["/30000", "/7"])?;
        ensure!(said == ["200 1 0", "200 0 0"], "{said:?}");
        Ok(())
    })
}

/// It says that the connection stays, and ends it: what is sent on it next is lost.
#[test]
fn an_origin_that_leaves_without_a_word_costs_no_request() -> Result<()> {
    with_origin("HTTP/1.1", "leaves", |curl, front| {
        for arguments in [&[][..], &["--head"], &["--data", "body"]] {
            let said = ask(curl, front, arguments, &["/10"; ROW])?;
            let failed: Vec<_> = said.iter().filter(|line| !line.starts_with("200")).collect();
            ensure!(said.len() == ROW && failed.is_empty(), "{arguments:?}: {failed:?}");
        }
        Ok(())
    })
}
