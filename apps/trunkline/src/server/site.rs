//! From the settings of an HTTP listener to what its connections share.

use std::net::IpAddr;
use std::sync::Arc;

use trunkline_actors::handler::{Site, Times, Upstreams};
use trunkline_actors::http::exchange::ExchangeLimits;
use trunkline_actors::http::limits::HeadLimits;
use trunkline_actors::http::route::{
    Answer, HeaderMatch, HostPattern, PathPattern, Redirect, Rewrite, Route, Routes, Rule, Target,
};
use trunkline_actors::metrics::RequestMetrics;
use trunkline_config as config;
use trunkline_observability::access::AccessLog;

/// What the connections of a listener share; `None` for a redirect that cannot be, which the
/// configuration has refused before.
pub(super) fn site(http: &config::Http, upstreams: Upstreams, log: AccessLog) -> Option<Site> {
    let config::Http { routes, trusted, limits } = http;
    let rules: Option<Vec<_>> =
        routes.iter().enumerate().map(|(index, route)| rule(index, route)).collect();
    let trusted = trusted.clone();
    Some(Site {
        routes: Routes::compile(rules?),
        trusted: Box::new(move |peer: IpAddr| trusted.iter().any(|network| network.contains(peer))),
        times: Times {
            head: limits.head,
            body: limits.body,
            keep_alive: limits.keep_alive,
            first_byte: limits.first_byte,
            request: limits.request,
        },
        limits: ExchangeLimits {
            heads: HeadLimits { size: limits.head_size, fields: limits.fields },
            body: limits.body_size,
        },
        requests: limits.requests,
        upstreams,
        log,
    })
}

fn rule(index: usize, route: &config::Route) -> Option<Rule> {
    let name = route.name.clone().unwrap_or_else(|| index.to_string());
    let prefix = match &route.path {
        Some(config::PathPattern::Prefix(prefix)) => prefix.as_str(),
        Some(config::PathPattern::Exact(_)) | None => "/",
    };
    let target = match &route.target {
        config::Target::Pool { pool, rewrite } => Target::Pool {
            pool: pool.as_str().into(),
            rewrite: rewrite.as_ref().map(|to| Rewrite::new(prefix, to)),
        },
        config::Target::Redirect { to, status } => {
            Target::Redirect(Redirect::new(to, *status).ok()?)
        }
        config::Target::Answer { status, body, content_type } => Target::Answer(Answer {
            status: *status,
            content_type: content_type.clone(),
            body: body.clone().into(),
        }),
    };
    Some(Rule {
        host: route.host.as_ref().map(|host| match host {
            config::HostPattern::Exact(name) => HostPattern::Exact(name.clone()),
            config::HostPattern::Below(name) => HostPattern::Below(name.clone()),
        }),
        path: route.path.as_ref().map(|path| match path {
            config::PathPattern::Exact(path) => PathPattern::Exact(path.clone()),
            config::PathPattern::Prefix(path) => PathPattern::Prefix(path.clone()),
        }),
        methods: route.methods.clone(),
        headers: route
            .headers
            .iter()
            .map(|header| HeaderMatch { name: header.name.clone(), value: header.value.clone() })
            .collect(),
        route: Arc::new(Route {
            name: name.into(),
            target,
            repeatable: route.repeatable,
            metrics: RequestMetrics::default(),
        }),
    })
}
