use super::super::testing::Client;
use super::MAX_CHANNELS;
use crate::channels::Published;

#[test]
fn each_channel_is_answered_for_itself() {
    let mut client = Client::new();
    client.expect(&[
        (
            "SUBSCRIBE a b a",
            "*3 $9 subscribe $1 a :1 *3 $9 subscribe $1 b :2 *3 $9 subscribe $1 a :2",
        ),
        ("UNSUBSCRIBE b none", "*3 $11 unsubscribe $1 b :1 *3 $11 unsubscribe $4 none :1"),
        ("SUBSCRIBE c", "*3 $9 subscribe $1 c :2"),
        ("UNSUBSCRIBE", "*3 $11 unsubscribe $1 a :1 *3 $11 unsubscribe $1 c :0"),
        ("UNSUBSCRIBE", "*3 $11 unsubscribe $-1 :0"),
    ]);
    assert!(client.channels.joined.is_empty());
}

#[test]
fn a_subscriber_may_do_little_else() {
    let mut client = Client::new();
    client.ask("SUBSCRIBE a");
    client.expect(&[
        ("PING", "*2 $4 pong $0"),
        ("PING hi", "*2 $4 pong $2 hi"),
        (
            "GET a",
            "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / \
             RESET are allowed in this context",
        ),
        ("UNSUBSCRIBE a", "*3 $11 unsubscribe $1 a :0"),
        ("GET a", "$-1"),
    ]);
}

#[test]
fn what_is_published_goes_to_the_channel() {
    let mut client = Client::new();
    client.expect(&[("PUBLISH a hi", ":0")]);
    let published = Published { channel: "a".into(), payload: "hi".into() };
    assert_eq!(client.channels.published, std::slice::from_ref(&published));
    let mut wire = bytes::BytesMut::new();
    published.answer().write(&mut wire);
    assert_eq!(&wire[..], b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n");
}

#[test]
fn the_channels_of_a_connection_are_bounded() {
    let mut client = Client::new();
    for n in 0..MAX_CHANNELS {
        client.ask(&format!("SUBSCRIBE {n}"));
    }
    assert!(client.ask("SUBSCRIBE more").starts_with("-ERR a connection can subscribe to 1024"));
    assert!(client.ask("SUBSCRIBE 0 1").starts_with("*3"));
    assert_eq!(client.channels.joined.len(), MAX_CHANNELS);
}
