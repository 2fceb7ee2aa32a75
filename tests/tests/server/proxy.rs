//! `trunkline proxy`: one pool without a file.

use anyhow::Result;
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;

use super::end::End;
use super::site::{greeter, trunkline};
use super::{ANY, SOON};

#[test]
fn proxy_balances_one_port_over_the_backends_of_its_flags() -> Result<()> {
    let (one, two, port) = (greeter("one", ANY)?, greeter("two", ANY)?, ReservedPort::new()?);
    let mut command = trunkline();
    command.args(["proxy", "--listen", &port.address().to_string(), "--to"]);
    command.arg(format!("{},{}", one.address(), two.address()));
    let mut process = Process::spawn(command)?;
    process.wait_until_listening(port.address(), SOON)?;
    for name in ["one", "two", "one", "two"] {
        assert_eq!(End::connect(port.address())?.line()?, name);
    }
    Ok(())
}

#[test]
fn mistakes_of_proxy_name_its_flags() -> Result<()> {
    let mut command = trunkline();
    command.args(["proxy", "--listen", "nonsense", "--to", "10.0.0.1:80,10.0.0.2:0"]);
    command.args(["--balance", "rando"]);
    let refused = command.output()?;
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr);
    for what in ["--listen: ", "--to", "--balance: ", "did you mean \"random\"?", "3 mistakes"] {
        assert!(said.contains(what), "{what}: {said}");
    }
    Ok(())
}
