//! The server. Without a file it serves on 127.0.0.1:7000; `redis-cli -p 7000` talks to it.

use std::process::ExitCode;

fn main() -> ExitCode {
    redis_lite::app().run()
}
