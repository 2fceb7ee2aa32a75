//! What the end-to-end tests, the fault runs and the benchmarks of Trunkline stand on.
//!
//! Nothing here knows the server from inside: programs are started as an operator starts them,
//! spoken to over loopback, and judged by what their peers saw. Only [`control`] speaks to the
//! tests' own builds of the server, which can be told to crash.
//!
//! | Module | What it is for |
//! |---|---|
//! | [`process`] | a child program: its lines, signals, end; killed and reaped when dropped |
//! | [`port`] | loopback ports that nobody else is given |
//! | [`procfs`] | processor time, memory, descriptors, threads, listening sockets of a process |
//! | [`helper`] | a sub-command of `peer` and the answers it gives |
//! | [`http`] | HTTP/1.1 by hand: a raw client, a recording origin, lenient readings |
//! | [`backend`], [`load`], [`idle_clients`], [`keepalive`], [`short`], [`bulk`], [`origin`], [`plain_echo`] | those sub-commands |
//! | [`ledger`] | which failed connections a killed backend excuses |
//! | [`trunkline`], [`control`] | the server under test; its crashes on command and its events |
//! | [`faults`], [`protocols`] | what the programs under test are made of: crashes on command, protocols |
//! | [`talkers`] | clients of the line protocols among them, which notice every wrong answer |
//! | [`web`] | an HTTP origin and HTTP clients that notice every wrong byte |
//! | [`crowd`] | clients of HTTP that write down what became of each of their requests |
//! | [`proxied`] | the settings that proxies are compared with |
//! | [`collector`] | takes traces by OTLP, over gRPC and HTTP, and misbehaves |
//! | [`receiver`] | the same in a process of its own, which throws them away |
//! | [`exporting`] | an exporter of spans in a tree of its own, and requests for it |
//! | [`syslog`] | takes the log of a program that sends it by UDP |
//! | [`peers`] | outside programs: haproxy, nginx, redis, servers in Python |
//! | [`runs`] | the long runs, which the program `long` makes in full |
//! | [`clock`], [`latency`] | one clock for all processes of the machine; percentiles |
//! | [`instructions`] | what callgrind counts |
//! | [`sample`], [`spread`] | what a round costs a server; median, least and greatest of several |
//!
//! # Programs of this crate
//! `peer` is every client and backend of the tests, in a process of its own so that the descriptors
//! and the processor time of the server are its own. Cargo builds it before the integration tests
//! of this crate, which find it as `env!("CARGO_BIN_EXE_peer")`; that variable exists only there,
//! so everything in this library takes the path as an argument. `peer` ends when its stdin closes:
//! the harness holds the other end, so no helper outlives a harness that was killed. `bench` and
//! `bench-protocol` find `peer` beside themselves.
//!
//! # Time
//! Every wait has a deadline and ends early when the process waited for has ended. Nothing sleeps
//! for a fixed time.

pub mod backend;
pub mod bulk;
pub mod clock;
pub mod collector;
pub mod control;
pub mod crowd;
pub mod dns;
pub mod exporting;
pub mod faults;
pub mod helper;
pub mod http;
pub mod idle_clients;
pub mod instructions;
pub mod keepalive;
pub mod latency;
pub mod ledger;
pub mod load;
pub mod origin;
pub mod peers;
pub mod plain_echo;
pub mod port;
pub mod process;
pub mod procfs;
pub mod protocols;
pub mod proxied;
pub mod receiver;
pub mod runs;
pub mod sample;
pub mod short;
pub mod spread;
pub mod syslog;
pub mod talkers;
pub mod trunkline;
pub mod web;
