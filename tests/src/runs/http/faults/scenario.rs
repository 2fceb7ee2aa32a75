//! What fails, and what both proxies are told for it.

use std::fmt;
use std::time::Duration;

use anyhow::Result;

use crate::origin::Behaviour;
use crate::peers::haproxy::balancer::Balancing;
use crate::runs::http::mortal::Mortal;
use crate::runs::pace::{Pace, rest};

use super::outage::Outage;
use super::{FaultPlan, PERIOD};

/// What a health check asks for.
const CHECK: &str = "/bytes/0";
/// From one check to the next, and how long one may take, in milliseconds.
pub(super) const INTER: u32 = 200;
const TIMEOUT_CHECK: u32 = 100;
pub(super) const RISE_AND_FALL: (u32, u32) = (2, 3);
/// Bad answers in a row that take an origin out.
const ERRORS: u32 = 5;
const RETRIES: u32 = 3;
const CONNECT: u32 = 1_000;
/// Where slowness is the fault: how long one may be waited for, in milliseconds.
const PER_TRY: u32 = 500;
/// Where all are gone: how long each answer takes; how many an origin serves at once, twice as many as
/// it usually does; and how long others wait, in milliseconds.
const DELAY: u32 = 20;
const AT_ONCE: u32 = 16;
const QUEUE: u32 = 5_000;
/// How long a listening socket is open, and closed: five times a second.
const FLAP: Duration = Duration::from_millis(100);
/// What one answer takes where that is the fault, in milliseconds.
const SLOW: u32 = 5_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scenario {
    Flapping,
    Outage,
    Errors,
    Slowness,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flapping => "flapping",
            Self::Outage => "outage",
            Self::Errors => "errors",
            Self::Slowness => "slowness",
        })
    }
}

impl Scenario {
    pub(super) const ALL: [Self; 4] = [Self::Flapping, Self::Outage, Self::Errors, Self::Slowness];

    /// Whether every request can be served, without any help of chance.
    pub(super) fn costs_nothing(self) -> bool {
        match self {
            Self::Flapping | Self::Slowness => true,
            Self::Outage | Self::Errors => false,
        }
    }

    /// Requests of all rounds that may differ by the moment at which checks are made.
    pub(super) fn chance(self, plan: FaultPlan) -> usize {
        let between = Duration::from_millis(INTER.into()).div_duration_f64(PERIOD);
        match self {
            // As many as that: a few dozen clients, a few rounds.
            Self::Outage => (f64::from(plan.clients * plan.rounds) * between) as usize,
            Self::Flapping | Self::Errors | Self::Slowness => 0,
        }
    }

    pub(super) fn delay_millis(self) -> u32 {
        match self {
            Self::Outage => DELAY,
            Self::Flapping | Self::Errors | Self::Slowness => 0,
        }
    }

    /// For whoever reads the figures.
    pub(super) fn settings(self) -> String {
        match self {
            Self::Flapping => "no connection to an origin is kept".to_owned(),
            Self::Outage => format!("{AT_ONCE} requests of an origin at once, queue {QUEUE} ms"),
            Self::Errors => "none".to_owned(),
            Self::Slowness => format!("another is tried after {PER_TRY} ms"),
        }
    }

    /// In haproxy's words.
    pub(super) fn theirs(self) -> Balancing<'static> {
        Balancing {
            check: CHECK,
            inter: INTER,
            timeout_check: TIMEOUT_CHECK,
            rise_and_fall: RISE_AND_FALL,
            error_limit: ERRORS,
            retries: RETRIES,
            connect: CONNECT,
            per_try: (self == Self::Slowness).then_some(PER_TRY),
            maxconn: (self == Self::Outage).then_some((AT_ONCE, QUEUE)),
            keeps: self != Self::Flapping,
        }
    }

    /// In our own: the end of a pool's table, and its sub-tables.
    pub(super) fn ours(self) -> String {
        let (rise, fall) = RISE_AND_FALL;
        let reuse = if self == Self::Flapping { "reuse = \"never\"\n" } else { "" };
        let more = match self {
            Self::Flapping | Self::Errors => String::new(),
            Self::Outage => format!(
                "[pool.main.limits]\nbackend_in_flight = {AT_ONCE}\nqueue_timeout = \"{QUEUE}ms\"\n"
            ),
            Self::Slowness => format!("[pool.main.retry]\nper_try = \"{PER_TRY}ms\"\n"),
        };
        format!(
            "{reuse}attempts = {}\nfall = {ERRORS}\nconnect_timeout = \"{CONNECT}ms\"\n\
             [pool.main.probe]\nhttp = \"{CHECK}\"\ninterval = \"{INTER}ms\"\n\
             interval_down = \"{INTER}ms\"\ntimeout = \"{TIMEOUT_CHECK}ms\"\nrise = {rise}\n\
             fall = {fall}\n[pool.main.eject]\nfailures = {ERRORS}\n{more}",
            RETRIES + 1
        )
    }

    /// Has origins fail, for a round of `time`.
    pub(super) fn act(self, origins: &mut [Mortal], time: Duration) -> Result<Option<Outage>> {
        if self == Self::Outage {
            return Outage::make(origins, time).map(Some);
        }
        rest(time / 4);
        let Some(one) = origins.first_mut() else { return Ok(None) };
        let left = time * 3 / 4;
        match self {
            Self::Flapping => {
                let mut pace = Pace::every(FLAP);
                for _ in 0..(left.as_millis() / FLAP.as_millis() / 2) {
                    pace.wait();
                    one.origin()?.close()?;
                    pace.wait();
                    one.origin()?.open()?;
                }
            }
            Self::Errors => {
                one.origin()?.behave(Behaviour::Status(500))?;
                rest(left);
            }
            Self::Slowness | Self::Outage => {
                one.origin()?.behave(Behaviour::Delay(SLOW))?;
                rest(left);
            }
        }
        Ok(None)
    }
}
