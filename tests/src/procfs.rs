//! What `/proc` tells about a process: processor time, memory, descriptors, threads, listening
//! sockets.

use std::collections::HashSet;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

/// State `TCP_LISTEN` as `/proc/net/tcp` writes it.
const LISTEN: &str = "0A";

/// Processor time of all living threads of a process, in nanoseconds.
///
/// A thread that has ended takes its time with it, so a difference is exact only for a process
/// whose threads last.
///
/// # Errors
/// When the process is gone or the kernel keeps no schedstat.
pub fn cpu_nanos(pid: u32) -> Result<u64> {
    let mut total = 0;
    for task in tasks(pid)? {
        // A thread may end between being listed and being read.
        let Ok(line) = fs::read_to_string(task.join("schedstat")) else {
            continue;
        };
        let nanos = line.split_whitespace().next().context("an empty schedstat")?;
        total += nanos.parse::<u64>().with_context(|| format!("schedstat says {line:?}"))?;
    }
    ensure!(total > 0, "process {pid} shows no processor time: has this kernel schedstat?");
    Ok(total)
}

/// Proportional set size of a process, in bytes.
///
/// # Errors
/// When the process is gone or is not ours to read.
pub fn pss_bytes(pid: u32) -> Result<u64> {
    size_in(&format!("/proc/{pid}/smaps_rollup"), "Pss:")
}

/// The part of [`pss_bytes`] that is no file's: what the process has allocated. Other processes of
/// the same program come and go without changing it.
///
/// # Errors
/// When the process is gone or is not ours to read.
pub fn allocated_bytes(pid: u32) -> Result<u64> {
    size_in(&format!("/proc/{pid}/smaps_rollup"), "Pss_Anon:")
}

/// What a file of `/proc` says of something, in bytes.
fn size_in(path: &str, what: &str) -> Result<u64> {
    let text = fs::read_to_string(path).with_context(|| path.to_owned())?;
    let line = text.lines().find_map(|line| line.strip_prefix(what));
    let kib = line.and_then(|rest| rest.split_whitespace().next());
    let kib: u64 = kib.with_context(|| format!("{path} has no {what}"))?.parse()?;
    Ok(kib * 1024)
}

/// Makes [`peak_bytes`] begin anew from what a process holds now.
///
/// # Errors
/// When the process is gone or is not ours.
pub fn reset_peak(pid: u32) -> Result<()> {
    let path = format!("/proc/{pid}/clear_refs");
    fs::write(&path, "5").with_context(|| path.clone())
}

/// The most that a process has held at any moment since [`reset_peak`], in bytes (RSS): between two
/// looks at [`allocated_bytes`] it may have held more.
///
/// # Errors
/// When the process is gone or is not ours to read.
pub fn peak_bytes(pid: u32) -> Result<u64> {
    size_in(&format!("/proc/{pid}/status"), "VmHWM:")
}

/// How many descriptors a process has open.
///
/// # Errors
/// When the process is gone or is not ours to read.
pub fn open_descriptors(pid: u32) -> Result<usize> {
    let path = format!("/proc/{pid}/fd");
    Ok(fs::read_dir(&path).with_context(|| path.clone())?.count())
}

/// The names of all threads of a process, in the order of their ids. The kernel keeps 15 bytes of
/// each.
///
/// # Errors
/// When the process is gone.
pub fn thread_names(pid: u32) -> Result<Vec<String>> {
    let names =
        tasks(pid)?.into_iter().filter_map(|task| fs::read_to_string(task.join("comm")).ok());
    Ok(names.map(|name| name.trim_end().to_owned()).collect())
}

/// The ids of the living processes that `pid` has started.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn children_of(pid: u32) -> Result<Vec<u32>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc").context("/proc")?.flatten() {
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process may end between being listed and being read.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let parent = parent(&stat).with_context(|| format!("/proc/{id}/stat says {stat:?}"))?;
        children.extend((parent == pid).then_some(id));
    }
    Ok(children)
}

/// The parent in `/proc/PID/stat`: `id (name) state parent …`, where the name may hold anything.
fn parent(stat: &str) -> Result<u32> {
    let (_, after_name) = stat.rsplit_once(')').context("no name")?;
    Ok(after_name.split_whitespace().nth(1).context("no parent")?.parse()?)
}

/// A TCP socket in state LISTEN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListeningSocket {
    /// What it is bound to.
    pub address: SocketAddr,
    /// What ties it to a descriptor of a process.
    pub inode: u64,
}

/// All listening TCP sockets of this machine (of this network namespace).
///
/// # Errors
/// When `/proc/net` cannot be read or understood.
pub fn listening_sockets() -> Result<Vec<ListeningSocket>> {
    let mut found = Vec::new();
    for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
        // Without IPv6 the second file does not exist.
        let Ok(text) = fs::read_to_string(path) else {
            continue;
        };
        for line in text.lines().skip(1) {
            found.extend(listening_socket(line).with_context(|| format!("{path} says {line:?}"))?);
        }
    }
    Ok(found)
}

/// Those of [`listening_sockets`] that process `pid` holds a descriptor of.
///
/// # Errors
/// When the process is gone or is not ours to read.
pub fn listening_sockets_of(pid: u32) -> Result<Vec<ListeningSocket>> {
    let path = format!("/proc/{pid}/fd");
    let mut inodes = HashSet::new();
    for entry in fs::read_dir(&path).with_context(|| path.clone())?.flatten() {
        let Ok(target) = fs::read_link(entry.path()) else {
            continue;
        };
        let target = target.to_string_lossy();
        let inode = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        inodes.extend(inode.and_then(|number| number.parse::<u64>().ok()));
    }
    let sockets = listening_sockets()?;
    Ok(sockets.into_iter().filter(|socket| inodes.contains(&socket.inode)).collect())
}

fn tasks(pid: u32) -> Result<Vec<PathBuf>> {
    let path = format!("/proc/{pid}/task");
    let entries = fs::read_dir(&path).with_context(|| path.clone())?;
    let mut tasks: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    tasks.sort_by_key(|task| (task.as_os_str().len(), task.clone()));
    Ok(tasks)
}

/// One line of `/proc/net/tcp`: `sl local remote state queues timer retransmits uid timeout inode
/// …`.
fn listening_socket(line: &str) -> Result<Option<ListeningSocket>> {
    let mut fields = line.split_whitespace();
    let (local, state) = (fields.nth(1), fields.nth(1));
    if state.context("no state")? != LISTEN {
        return Ok(None);
    }
    let address = address(local.context("no local address")?)?;
    let inode = fields.nth(5).context("no inode")?.parse()?;
    Ok(Some(ListeningSocket { address, inode }))
}

/// The kernel prints the address as 32-bit words in the machine's own order, and the port as a
/// plain number.
fn address(text: &str) -> Result<SocketAddr> {
    let (host, port) = text.split_once(':').context("an address without a port")?;
    let port = u16::from_str_radix(port, 16)?;
    let mut octets = Vec::with_capacity(16);
    for start in (0..host.len()).step_by(8) {
        let word = host.get(start..start + 8).context("an address of odd length")?;
        octets.extend(u32::from_str_radix(word, 16)?.to_ne_bytes());
    }
    if let Ok(v4) = <[u8; 4]>::try_from(octets.as_slice()) {
        return Ok((Ipv4Addr::from(v4), port).into());
    }
    let v6 = <[u8; 16]>::try_from(octets.as_slice()).context("neither IPv4 nor IPv6")?;
    Ok((Ipv6Addr::from(v6), port).into())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::process;

    use super::*;

    #[test]
    fn a_listening_socket_is_found_in_the_process_that_holds_it() -> Result<()> {
        for bind in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(bind)?;
            let address = listener.local_addr()?;
            let sockets = listening_sockets_of(process::id())?;
            assert!(
                sockets.iter().any(|socket| socket.address == address),
                "{address}: {sockets:?}"
            );
        }
        Ok(())
    }

    #[test]
    fn a_line_of_another_state_is_no_listening_socket() -> Result<()> {
        let line =
            "0: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000 0 0 77 1";
        assert_eq!(listening_socket(line)?, None);
        Ok(())
    }

    #[test]
    fn this_process_shows_time_memory_descriptors_and_threads() -> Result<()> {
        let pid = process::id();
        assert!(cpu_nanos(pid)? > 0);
        assert!(pss_bytes(pid)? > 4096);
        assert!(allocated_bytes(pid)? > 4096);
        reset_peak(pid)?;
        assert!(peak_bytes(pid)? > 4096);
        assert!(open_descriptors(pid)? >= 3);
        assert!(!thread_names(pid)?.is_empty());
        Ok(())
    }

    #[test]
    fn a_child_is_found_whatever_its_name_is() -> Result<()> {
        assert_eq!(parent("7 (a) b) (c) S 42 7 7 0")?, 42);
        let mut command = process::Command::new("cat");
        let mut child = command.stdin(process::Stdio::piped()).spawn()?;
        let found = children_of(process::id());
        child.kill()?;
        child.wait()?;
        assert!(found?.contains(&child.id()));
        Ok(())
    }

    #[test]
    fn a_process_that_is_gone_is_an_error() {
        assert!(cpu_nanos(u32::MAX).is_err());
        assert!(pss_bytes(u32::MAX).is_err());
    }
}
