use super::super::testing::Client;

#[test]
fn fields_are_set_got_and_deleted() {
    Client::new().expect(&[
        ("HSET h a 1 b 2", ":2"),
        ("HSET h a 3 c 4 c 5", ":1"),
        ("HGET h a", "$1 3"),
        ("HGET h none", "$-1"),
        ("HGET none a", "$-1"),
        ("HMGET h a none c", "*3 $1 3 $-1 $1 5"),
        ("HMGET none a", "*1 $-1"),
        ("HGETALL h", "*6 $1 a $1 3 $1 b $1 2 $1 c $1 5"),
        ("HGETALL none", "*0"),
        ("HLEN h", ":3"),
        ("HEXISTS h a", ":1"),
        ("HEXISTS h none", ":0"),
        ("HDEL h a none", ":1"),
        ("HDEL h b c", ":2"),
        ("HDEL h b", ":0"),
        ("EXISTS h", ":0"),
        ("HMSET h a 1", "+OK"),
    ]);
}

#[test]
fn a_field_needs_a_value() {
    Client::new().expect(&[
        ("HSET h a", "-ERR wrong number of arguments for 'hset' command"),
        ("HSET h a 1 b", "-ERR wrong number of arguments for 'hset' command"),
        ("EXISTS h", ":0"),
    ]);
}

#[test]
fn a_field_is_counted_up() {
    Client::new().expect(&[
        ("HINCRBY h n 5", ":5"),
        ("HINCRBY h n -7", ":-2"),
        ("HSET h n 9223372036854775807 t x", ":1"),
        ("HINCRBY h n 1", "-ERR increment or decrement would overflow"),
        ("HINCRBY h t 1", "-ERR hash value is not an integer"),
        ("HINCRBY h n x", "-ERR value is not an integer or out of range"),
        ("HINCRBY new n x", "-ERR value is not an integer or out of range"),
        ("EXISTS new", ":0"),
    ]);
}

#[test]
fn other_types_are_refused() {
    let mut client = Client::new();
    client.ask("SET s x");
    for line in ["HSET s a 1", "HGET s a", "HDEL s a", "HGETALL s", "HLEN s", "HINCRBY s a 1"] {
        assert!(client.ask(line).starts_with("-WRONGTYPE"), "{line}");
    }
}
