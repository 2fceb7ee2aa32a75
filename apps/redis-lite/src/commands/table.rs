//! The table of commands.

use super::{
    Call, Outcome, connection, hashes, keys, lists, pubsub, server, sets, sorted_sets, strings,
};

/// A command.
pub(crate) struct Command {
    /// Its name, in small letters.
    pub(crate) name: &'static str,
    /// How many arguments it takes, the name included; if negative, at least as many.
    arity: isize,
    /// Whether a client that hears channels may use it.
    pub(crate) while_subscribed: bool,
    pub(crate) run: fn(&mut Call<'_>) -> Outcome,
}

impl Command {
    const fn new(name: &'static str, arity: isize, run: fn(&mut Call<'_>) -> Outcome) -> Self {
        Self { name, arity, while_subscribed: false, run }
    }

    const fn while_subscribed(self) -> Self {
        Self { while_subscribed: true, ..self }
    }

    /// Whether it takes so many arguments.
    pub(crate) fn takes(&self, arguments: usize) -> bool {
        match self.arity {
            ..0 => arguments >= self.arity.unsigned_abs(),
            0.. => arguments == self.arity.unsigned_abs(),
        }
    }
}

/// All commands, in the order of their names.
pub(crate) static COMMANDS: &[Command] = &[
    Command::new("append", 3, strings::append),
    Command::new("client", -2, connection::client),
    Command::new("command", -1, server::command),
    Command::new("config", -2, server::config),
    Command::new("dbsize", 1, server::dbsize),
    Command::new("debug", -2, server::debug),
    Command::new("decr", 2, strings::decr),
    Command::new("decrby", 3, strings::decrby),
    Command::new("del", -2, keys::del),
    Command::new("echo", 2, connection::echo),
    Command::new("exists", -2, keys::exists),
    Command::new("expire", 3, keys::expire),
    Command::new("flushall", -1, server::flush),
    Command::new("flushdb", -1, server::flush),
    Command::new("get", 2, strings::get),
    Command::new("getdel", 2, strings::getdel),
    Command::new("getset", 3, strings::getset),
    Command::new("hdel", -3, hashes::hdel),
    Command::new("hello", -1, connection::hello),
    Command::new("hexists", 3, hashes::hexists),
    Command::new("hget", 3, hashes::hget),
    Command::new("hgetall", 2, hashes::hgetall),
    Command::new("hincrby", 4, hashes::hincrby),
    Command::new("hlen", 2, hashes::hlen),
    Command::new("hmget", -3, hashes::hmget),
    Command::new("hmset", -4, hashes::hmset),
    Command::new("hset", -4, hashes::hset),
    Command::new("incr", 2, strings::incr),
    Command::new("incrby", 3, strings::incrby),
    Command::new("info", -1, server::info),
    Command::new("keys", 2, keys::keys),
    Command::new("lindex", 3, lists::lindex),
    Command::new("llen", 2, lists::llen),
    Command::new("lpop", -2, lists::lpop),
    Command::new("lpush", -3, lists::lpush),
    Command::new("lrange", 4, lists::lrange),
    Command::new("mget", -2, strings::mget),
    Command::new("mset", -3, strings::mset),
    Command::new("persist", 2, keys::persist),
    Command::new("pexpire", 3, keys::pexpire),
    Command::new("ping", -1, connection::ping).while_subscribed(),
    Command::new("psetex", 4, strings::psetex),
    Command::new("pttl", 2, keys::pttl),
    Command::new("publish", 3, pubsub::publish),
    Command::new("quit", -1, connection::quit).while_subscribed(),
    Command::new("rename", 3, keys::rename),
    Command::new("rpop", -2, lists::rpop),
    Command::new("rpush", -3, lists::rpush),
    Command::new("sadd", -3, sets::sadd),
    Command::new("scan", -2, keys::scan),
    Command::new("scard", 2, sets::scard),
    Command::new("select", 2, connection::select),
    Command::new("set", -3, strings::set),
    Command::new("setex", 4, strings::setex),
    Command::new("setnx", 3, strings::setnx),
    Command::new("sismember", 3, sets::sismember),
    Command::new("smembers", 2, sets::smembers),
    Command::new("spop", -2, sets::spop),
    Command::new("srem", -3, sets::srem),
    Command::new("strlen", 2, strings::strlen),
    Command::new("subscribe", -2, pubsub::subscribe).while_subscribed(),
    Command::new("time", 1, server::time),
    Command::new("ttl", 2, keys::ttl),
    Command::new("type", 2, keys::kind),
    Command::new("unsubscribe", -1, pubsub::unsubscribe).while_subscribed(),
    Command::new("zadd", -4, sorted_sets::zadd),
    Command::new("zcard", 2, sorted_sets::zcard),
    Command::new("zincrby", 4, sorted_sets::zincrby),
    Command::new("zpopmin", -2, sorted_sets::zpopmin),
    Command::new("zrange", -4, sorted_sets::zrange),
    Command::new("zrank", 3, sorted_sets::zrank),
    Command::new("zrem", -3, sorted_sets::zrem),
    Command::new("zscore", 3, sorted_sets::zscore),
];

/// The command of a name in letters of any size.
pub(crate) fn find(name: &[u8]) -> Option<&'static Command> {
    let letters = || name.iter().map(u8::to_ascii_lowercase);
    let at = COMMANDS.binary_search_by(|command| command.name.bytes().cmp(letters()));
    at.ok().and_then(|at| COMMANDS.get(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_names() {
        assert!(COMMANDS.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn a_command_is_found_in_letters_of_any_size() {
        for command in COMMANDS {
            let found = find(command.name.to_uppercase().as_bytes());
            assert_eq!(found.map(|found| found.name), Some(command.name));
        }
        assert!(find(b"").is_none());
        assert!(find(b"multi").is_none());
    }

    #[test]
    fn an_arity_is_exact_or_the_least() {
        let takes = |name: &[u8], count| find(name).is_some_and(|command| command.takes(count));
        assert!(takes(b"get", 2) && !takes(b"get", 1) && !takes(b"get", 3));
        assert!(takes(b"del", 2) && takes(b"del", 9) && !takes(b"del", 1));
    }
}
