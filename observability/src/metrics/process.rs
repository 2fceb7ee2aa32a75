//! The process as the kernel sees it, with the names that Prometheus' own clients use.
//!
//! Of `/proc/self` as proc(5) describes it. What cannot be read is left out.

use std::fmt;
use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use super::{Page, Source, Unit};

/// This process.
#[derive(Debug, Clone, Copy)]
pub struct Process;

/// What `/proc/self/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    /// In user mode and in the kernel together, in ticks of the clock.
    processor: u64,
    threads: u64,
    /// Since the machine has started, in ticks of the clock.
    start: u64,
    /// In bytes.
    virtual_memory: u64,
    /// In pages.
    resident: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The second field is the name of the program, in brackets, and may have any of both.
        let rest = text.get(text.rfind(')')? + 1..)?;
        // So this one's first is number 3 of the man page.
        let fields: Vec<_> = rest.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            processor: field(14)?.saturating_add(field(15)?),
            threads: field(20)?,
            start: field(22)?,
            virtual_memory: field(23)?,
            resident: field(24)?,
        })
    }
}

/// When the machine has started, in seconds since the Unix epoch, from `/proc/stat`.
fn boot(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// How many descriptors are open. Since Linux 6.2 the directory says it by its size; before, its
/// entries are counted.
fn descriptors() -> Option<u64> {
    let size = fs::metadata("/proc/self/fd").ok()?.len();
    if size > 0 {
        return Some(size);
    }
    // One is that of the directory itself.
    fs::read_dir("/proc/self/fd").ok().map(|entries| (entries.count() as u64).saturating_sub(1))
}

#[allow(clippy::cast_precision_loss, reason = "ticks since the start of the machine")]
fn in_seconds(ticks: u64) -> f64 {
    ticks as f64 / clock_ticks_per_second().max(1) as f64
}

impl Source for Process {
    fn measure(&self, page: &mut Page<'_>) -> fmt::Result {
        let stat = fs::read_to_string("/proc/self/stat").ok();
        if let Some(stat) = stat.as_deref().and_then(Stat::parse) {
            page.seconds("process_cpu", "Processor time, in user mode and in the kernel")?
                .add_fraction(in_seconds(stat.processor))?;
            page.gauges("process_threads", None, "Threads")?.add(&[], stat.threads)?;
            let memory = "Memory that is resident";
            page.gauges("process_resident_memory", Some(&Unit::Bytes), memory)?
                .add(&[], stat.resident.saturating_mul(page_size() as u64))?;
            let memory = "Memory that is mapped";
            page.gauges("process_virtual_memory", Some(&Unit::Bytes), memory)?
                .add(&[], stat.virtual_memory)?;
            let machine = fs::read_to_string("/proc/stat").ok();
            if let Some(boot) = machine.as_deref().and_then(boot) {
                #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
                let start = boot as f64 + in_seconds(stat.start);
                let help = "When the process has started, since the Unix epoch";
                page.gauges("process_start_time", Some(&Unit::Seconds), help)?
                    .add_fraction(&[], start)?;
            }
        }
        if let Some(open) = descriptors() {
            page.gauges("process_open_fds", None, "Open descriptors")?.add(&[], open)?;
        }
        if let Some(most) = getrlimit(Resource::Nofile).current {
            let help = "The most descriptors that may be open";
            page.gauges("process_max_fds", None, help)?.add(&[], most)?;
        }
        Ok(())
    }
}

/// What runs here, since when.
#[derive(Debug, Clone, Copy)]
pub struct Build {
    /// Of the program.
    pub version: &'static str,
}

impl Source for Build {
    fn measure(&self, page: &mut Page<'_>) -> fmt::Result {
        page.info("trunkline_build", "The program", &[("version", self.version)])
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_move_the_fields() {
        let text = "4711 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 70 30 13 14 15 16 5 0 900 1000 250 99";
        let stat = Stat::parse(text).unwrap();
        let expected =
            Stat { processor: 100, threads: 5, start: 900, virtual_memory: 1000, resident: 250 };
        assert_eq!(stat, expected);
        assert_eq!(Stat::parse("4711 (a) S 1 2"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn the_start_of_the_machine_is_found_among_the_rest() {
        assert_eq!(boot("cpu  1 2\nbtime 1700000000\nprocesses 3\n"), Some(1_700_000_000));
        assert_eq!(boot("cpu 1\n"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let stat = Stat::parse(&fs::read_to_string("/proc/self/stat").unwrap()).unwrap();
        assert!(stat.threads > 0 && stat.resident > 0);
        let machine = boot(&fs::read_to_string("/proc/stat").unwrap()).unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let start = machine as f64 + in_seconds(stat.start);
        assert!((now.as_secs_f64() - start).abs() < 86_400.0, "{start}");
        let before = descriptors().unwrap();
        let file = fs::File::open("/proc/self/stat").unwrap();
        assert!(before > 2 && descriptors().unwrap() > 2);
        drop(file);
    }
}
