//! What kind of actor a path of the tree names.

/// The kind of the actor at `path`: the first word of its last segment that does not just name a
/// worker.
///
/// ```
/// use trunkline_tests::control::path_kind;
///
/// assert_eq!(path_kind("server/traffic/pools/pool web/backend 127.0.0.1:80"), "backend");
/// assert_eq!(path_kind("server/traffic/listeners/listener web/acceptor/w1"), "acceptor");
/// assert_eq!(path_kind("server"), "server");
/// ```
pub fn path_kind(path: &str) -> &str {
    let mut segments = path.rsplit('/').filter(|segment| !is_worker(segment));
    let last = segments.next().unwrap_or(path);
    last.split_whitespace().next().unwrap_or(last)
}

fn is_worker(segment: &str) -> bool {
    segment
        .strip_prefix('w')
        .is_some_and(|number| number.parse::<u16>().is_ok())
}
