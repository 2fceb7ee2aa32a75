use super::super::testing::Client;

#[test]
fn a_list_grows_and_shrinks_at_both_ends() {
    Client::new().expect(&[
        ("LPUSH l b a", ":2"),
        ("RPUSH l c d", ":4"),
        ("LRANGE l 0 -1", "*4 $1 a $1 b $1 c $1 d"),
        ("LLEN l", ":4"),
        ("LPOP l", "$1 a"),
        ("RPOP l", "$1 d"),
        ("RPOP l 5", "*2 $1 c $1 b"),
        ("EXISTS l", ":0"),
        ("LLEN l", ":0"),
    ]);
}

#[test]
fn popping_by_count_takes_no_more_than_asked() {
    Client::new().expect(&[
        ("LPOP l", "$-1"),
        ("LPOP l 2", "*-1"),
        ("RPUSH l a b c", ":3"),
        ("LPOP l 0", "*0"),
        ("LPOP l 2", "*2 $1 a $1 b"),
        ("LPOP l -1", "-ERR value is out of range, must be positive"),
        ("LPOP l x", "-ERR value is out of range, must be positive"),
        ("LLEN l", ":1"),
    ]);
}

#[test]
fn a_range_counts_from_either_end() {
    Client::new().expect(&[
        ("RPUSH l a b c", ":3"),
        ("LRANGE l 1 1", "*1 $1 b"),
        ("LRANGE l -2 -1", "*2 $1 b $1 c"),
        ("LRANGE l 5 9", "*0"),
        ("LRANGE l 2 1", "*0"),
        ("LRANGE none 0 -1", "*0"),
        ("LRANGE l a 1", "-ERR value is not an integer or out of range"),
        ("LINDEX l 0", "$1 a"),
        ("LINDEX l -1", "$1 c"),
        ("LINDEX l 3", "$-1"),
        ("LINDEX l -4", "$-1"),
        ("LINDEX none 0", "$-1"),
    ]);
}

#[test]
fn other_types_are_refused() {
    let mut client = Client::new();
    client.ask("SET s x");
    for line in ["LPUSH s 1", "RPOP s", "LLEN s", "LRANGE s 0 1", "LINDEX s 0"] {
        assert!(client.ask(line).starts_with("-WRONGTYPE"), "{line}");
    }
}
