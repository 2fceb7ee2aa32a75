use super::super::testing::Client;

#[test]
fn a_client_greets_and_leaves() {
    let mut client = Client::new();
    client.expect(&[
        ("PING", "+PONG"),
        ("ping hi", "$2 hi"),
        ("PING a b", "-ERR wrong number of arguments for 'ping' command"),
        ("ECHO x", "$1 x"),
        ("SELECT 0", "+OK"),
        ("SELECT 1", "-ERR DB index is out of range"),
        ("SELECT x", "-ERR value is not an integer or out of range"),
    ]);
    assert!(!client.session.is_closing());
    assert_eq!(client.ask("QUIT"), "+OK");
    assert!(client.session.is_closing());
}

#[test]
fn only_the_second_version_of_the_protocol_is_spoken() {
    let mut client = Client::new();
    assert!(client.ask("HELLO").starts_with("*14 $6 server $10 redis-lite $7 version"));
    assert!(client.ask("HELLO 2 SETNAME me").contains("$5 proto :2 $2 id :7"));
    client.expect(&[
        ("CLIENT GETNAME", "$2 me"),
        ("HELLO 3", "-NOPROTO unsupported protocol version"),
        ("HELLO x", "-ERR Protocol version is not an integer or out of range"),
        ("HELLO 2 AUTH a b", "-ERR Syntax error in HELLO option 'AUTH'"),
        ("HELLO 2 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'"),
    ]);
}

#[test]
fn a_client_has_a_name_and_a_number() {
    let mut client = Client::new();
    client.expect(&[
        ("CLIENT ID", ":7"),
        ("CLIENT GETNAME", "$-1"),
        ("CLIENT SETNAME me", "+OK"),
        ("CLIENT GETNAME", "$2 me"),
        ("CLIENT SETINFO lib-name x", "+OK"),
        ("CLIENT SETNAME", "-ERR wrong number of arguments for 'client|setname' command"),
        ("CLIENT FOO", "-ERR unknown subcommand 'FOO'. Try CLIENT HELP."),
    ]);
    let spaced = client.send(&[b"CLIENT", b"SETNAME", b"a b"]);
    assert_eq!(spaced, super::Refusal::ClientName.answer());
    client.expect(&[("CLIENT GETNAME", "$2 me")]);
}

#[test]
fn what_is_unknown_is_named_and_quoted_in_part() {
    let mut client = Client::new();
    client.expect(&[
        ("FOO", "-ERR unknown command 'FOO', with args beginning with:"),
        ("FOO a b", "-ERR unknown command 'FOO', with args beginning with: 'a' 'b'"),
        ("MULTI", "-ERR unknown command 'MULTI', with args beginning with:"),
        ("GET", "-ERR wrong number of arguments for 'get' command"),
        ("get a b", "-ERR wrong number of arguments for 'get' command"),
    ]);
    let long = "x".repeat(10_000);
    assert!(client.ask(&format!("{long} {long} {long}")).len() < 400);
    assert!(client.ask("FOO a\r\n+OK").ends_with("'a  +OK'"));
}
