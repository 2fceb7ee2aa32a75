//! The server. Without a file it serves on 127.0.0.1:7000; `redis-cli -p 7000` talks to it.

use std::time::SystemTime;

use redis_lite::expirer::Expirer;
use redis_lite::protocol::Redis;
use redis_lite::server::Server;
use tokio::time::Instant;

fn main() -> std::process::ExitCode {
    let server = Server::new(Instant::now(), SystemTime::now());
    let expirer = Expirer::spec(server.store().clone());
    trunkline::app().child(expirer).protocol("redis", Redis::new(server)).run()
}
