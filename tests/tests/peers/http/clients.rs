//! Python's http.client and aiohttp as clients.

use anyhow::{Result, ensure};

use super::{Front, aiohttp_origin, require_of_python, run, script};

#[test]
fn http_client_asks_in_all_methods_over_one_connection() -> Result<()> {
    client("http_client.py")
}

#[test]
fn aiohttp_streams_both_ways_over_a_pool_and_gives_requests_up() -> Result<()> {
    client("aiohttp_client.py")
}

fn client(name: &str) -> Result<()> {
    let Some(python) = require_of_python("python")? else {
        return Ok(());
    };
    let origin = aiohttp_origin(&python)?;
    let front = Front::of(origin.address())?;
    let mut command = python.command();
    command.arg("-B").arg(script(name)).arg(front.address().port().to_string());
    let said = run(command)?;
    ensure!(said.ends_with(" requests"), "{said}");
    front.ends_well()
}
