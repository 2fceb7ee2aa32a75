use super::super::testing::Client;

#[test]
fn members_are_in_the_order_of_their_scores() {
    Client::new().expect(&[
        ("ZADD z 2 b 1 a 2 aa", ":3"),
        ("ZRANGE z 0 -1", "*3 $1 a $2 aa $1 b"),
        ("ZADD z 3 a", ":0"),
        ("ZRANGE z 0 -1 WITHSCORES", "*6 $2 aa $1 2 $1 b $1 2 $1 a $1 3"),
        ("ZRANGE z -1 -1", "*1 $1 a"),
        ("ZRANK z aa", ":0"),
        ("ZRANK z a", ":2"),
        ("ZRANK z none", "$-1"),
        ("ZCARD z", ":3"),
        ("ZSCORE z a", "$1 3"),
        ("ZSCORE z none", "$-1"),
        ("ZINCRBY z 0.5 a", "$3 3.5"),
        ("ZINCRBY z 1 new", "$1 1"),
        ("ZREM z new none", ":1"),
    ]);
}

#[test]
fn the_least_are_popped_first() {
    Client::new().expect(&[
        ("ZPOPMIN z", "*0"),
        ("ZADD z 1 a -inf b 1e3 c", ":3"),
        ("ZPOPMIN z", "*2 $1 b $4 -inf"),
        ("ZPOPMIN z 9", "*4 $1 a $1 1 $1 c $4 1000"),
        ("EXISTS z", ":0"),
        ("ZPOPMIN z -1", "-ERR value is out of range, must be positive"),
    ]);
}

#[test]
fn a_score_is_a_number() {
    Client::new().expect(&[
        ("ZADD z x a", "-ERR value is not a valid float"),
        ("ZADD z 1 a nan b", "-ERR value is not a valid float"),
        ("ZADD z 1 a 2", "-ERR syntax error"),
        ("EXISTS z", ":0"),
        ("ZADD z inf a", ":1"),
        ("ZINCRBY z -inf a", "-ERR resulting score is not a number (NaN)"),
        ("ZSCORE z a", "$3 inf"),
        ("ZADD z -0 m", ":1"),
        ("ZADD z 0 l", ":1"),
        ("ZRANGE z 0 1", "*2 $1 l $1 m"),
    ]);
}

#[test]
fn other_types_are_refused() {
    let mut client = Client::new();
    client.ask("SET t x");
    for line in ["ZADD t 1 a", "ZREM t a", "ZCARD t", "ZSCORE t a", "ZRANGE t 0 1", "ZPOPMIN t"] {
        assert!(client.ask(line).starts_with("-WRONGTYPE"), "{line}");
    }
}
