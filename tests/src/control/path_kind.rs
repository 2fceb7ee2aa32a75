//! What kind of actor a path of the tree names.

/// The kind of the actor at `path`, by its place in the tree. Leaves and the supervisors right
/// above them are told apart; what is called by a name of the configuration, an address or a
/// number is named by what it is.
///
/// ```
/// use trunkline_tests::control::path_kind;
///
/// let kinds = [
///     ("server", "root"),
///     ("server/traffic/pools", "pools"),
///     ("server/traffic/pools/web", "pool supervisor"),
///     ("server/traffic/pools/web/pool", "pool"),
///     ("server/traffic/pools/web/[::1]:80", "backend supervisor"),
///     ("server/traffic/pools/web/[::1]:80/probe", "probe"),
///     ("server/traffic/routers", "router supervisor"),
///     ("server/traffic/routers/w0", "router"),
///     ("server/traffic/upstreams", "upstreams supervisor"),
///     ("server/traffic/upstreams/w0", "upstreams"),
///     ("server/traffic/listeners/web", "listener supervisor"),
///     ("server/traffic/listeners/web/listener", "listener"),
///     ("server/traffic/listeners/web/acceptors", "acceptor supervisor"),
///     ("server/traffic/listeners/web/acceptors/w1-by-w0", "acceptor"),
///     ("server/traffic/listeners/web/connections/w0", "connection supervisor"),
///     ("server/traffic/listeners/web/connections/w0/17", "connection"),
///     ("server/workers/control", "pulse"),
/// ];
/// for (path, kind) in kinds {
///     assert_eq!(path_kind(path), kind, "{path}");
/// }
/// ```
pub fn path_kind(path: &str) -> &str {
    let steps: Vec<_> = path.split('/').skip(1).collect();
    match steps.as_slice() {
        [] => "root",
        ["workers", _] => "pulse",
        ["traffic", "routers"] => "router supervisor",
        ["traffic", "routers", _] => "router",
        ["traffic", "upstreams"] => "upstreams supervisor",
        ["traffic", "upstreams", _] => "upstreams",
        ["traffic", "pools", _] => "pool supervisor",
        ["traffic", "pools", _, "pool"] => "pool",
        ["traffic", "pools", _, _] => "backend supervisor",
        ["traffic", "listeners", _] => "listener supervisor",
        ["traffic", "listeners", _, "acceptors"] => "acceptor supervisor",
        ["traffic", "listeners", _, "acceptors", _] => "acceptor",
        ["traffic", "listeners", _, "connections", _] => "connection supervisor",
        ["traffic", "listeners", _, "connections", _, _] => "connection",
        // The rest is called what it is.
        [.., last] => last,
    }
}
