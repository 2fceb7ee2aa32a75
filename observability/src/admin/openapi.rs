//! The document that describes the API: OpenAPI 3.1.

use axum::Json;
use serde_json::{Value, json};

pub(super) async fn show() -> Json<Value> {
    Json(document())
}

/// The whole document. What is in it and what is routed is compared by a test.
pub(super) fn document() -> Value {
    let Value::Object(reading) = reading() else { return Value::Null };
    let Value::Object(orders) = orders() else { return Value::Null };
    let paths: serde_json::Map<_, _> = reading.into_iter().chain(orders).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Trunkline admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the server is and does, and orders to it. Every error is an \
                object with `error`, what is wrong, and `do`, what to do instead.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "responses": responses(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Only where the server has a token.",
                },
            },
        },
        "security": [{}, { "token": [] }],
    })
}

/// What is read, and changes nothing.
fn reading() -> Value {
    json!({
        "/healthz": { "get": open("Whether the process answers", ok(json!({
            "type": "object",
            "required": ["status"],
            "properties": { "status": { "const": "ok" } },
        }), &[])) },
        "/readyz": { "get": open("Whether the server should get traffic", with_unready(ok(json!({
            "type": "object",
            "required": ["ready"],
            "properties": { "ready": { "const": true } },
        }), &[]))) },
        "/tree": { "get": operation(
            "The live tree, parents before their children",
            &[
                query("under", "Only this part of it, by the path of its root", json!({ "type": "string" })),
                query("limit", "Only so many nodes", bounded(1, 1_000_000)),
            ],
            ok(reference("Tree"), &["400", "404"]),
        ) },
        "/pools": { "get": operation(
            "The pools and their backends",
            &[],
            ok(list("pools", "Pool"), &[]),
        ) },
        "/connections": { "get": operation(
            "Connections of clients, a page at a time",
            &[
                query("limit", "The most of them", bounded(1, 1000)),
                query("after", "The cursor of the page before", json!({
                    "type": "string",
                    "pattern": "^server/traffic/listeners/[a-z0-9][a-z0-9_-]{0,62}/connections/w[0-9]{1,3}/[0-9]{1,18}$",
                })),
            ],
            ok(json!({
                "type": "object",
                "required": ["connections", "next"],
                "properties": {
                    "connections": { "type": "array", "items": reference("Connection") },
                    "next": { "type": ["string", "null"] },
                },
            }), &["400"]),
        ) },
        "/config": { "get": operation("The settings in effect, without secrets", &[], ok(json!({
            "type": "object",
            "required": ["config"],
            "properties": { "config": { "type": "object" } },
        }), &[])) },
        "/traces": { "get": operation(
            "The newest traces that are kept, newest first",
            &[query("limit", "The most of them", bounded(1, 1000))],
            ok(list("traces", "TraceSummary"), &["400"]),
        ) },
        "/traces/{trace_id}": { "get": operation(
            "A trace that is kept, parents before their children",
            &[json!({
                "name": "trace_id",
                "in": "path",
                "required": true,
                "schema": { "type": "string", "pattern": "^[0-9a-fA-F]{32}$" },
            })],
            ok(json!({
                "type": "object",
                "required": ["trace_id", "spans"],
                "properties": {
                    "trace_id": { "type": "string" },
                    "spans": { "type": "array", "items": reference("Span") },
                },
            }), &["400", "404"]),
        ) },
        "/events": { "get": operation(
            "What happens in the tree from now on, as server-sent events",
            &[],
            texts(&["text/event-stream"], &["503"]),
        ) },
        "/metrics": { "get": operation(
            "Metrics as OpenMetrics where Accept names it, or as Prometheus's plain text",
            &[],
            texts(&["text/plain", "application/openmetrics-text"], &["503"]),
        ) },
        "/openapi.json": { "get": operation(
            "This document",
            &[],
            ok(json!({ "type": "object" }), &[]),
        ) },
        "/log/level": {
            "get": operation("What is logged", &[], ok(reference("Level"), &[])),
            "post": order("Logs from this level on", reference("Level"), "200", reference("Level"), &[]),
        },
    })
}

/// What changes something.
fn orders() -> Value {
    let node = |summary: &str| {
        json!({ "post": order(summary, reference("Named"), "202", json!({
            "type": "object",
            "required": ["path", "order"],
            "properties": { "path": { "type": "string" }, "order": { "type": "string" } },
        }), &["404", "409"]) })
    };
    let backend = |summary: &str, extra: Value| {
        let mut properties = json!({
            "pool": { "type": "string" },
            "backend": {
                "type": "string",
                "description": "IP address and port, as /pools shows it",
                "examples": ["127.0.0.1:8080"],
            },
        });
        let mut required = vec!["pool", "backend"];
        if let (Some(all), Value::Object(extra)) = (properties.as_object_mut(), extra) {
            if extra.contains_key("weight") {
                required.push("weight");
            }
            all.extend(extra);
        }
        let body = json!({
            "type": "object",
            "additionalProperties": false,
            "required": required,
            "properties": properties,
        });
        json!({ "post": order(summary, body, "202", json!({
            "type": "object",
            "required": ["pool", "backend"],
            "properties": { "pool": { "type": "string" }, "backend": { "type": "string" } },
        }), &["404", "409", "503"]) })
    };
    json!({
        "/tree/restart": node("Stops an actor in order and starts it again"),
        "/tree/kill": node("Ends an actor at once; its supervisor restarts it"),
        "/tree/suspend": node("Stops an actor until it is resumed"),
        "/tree/resume": node("Starts an actor that was suspended"),
        "/pools/drain": backend("Gives a backend no new lease", json!({ "within": {
            "type": "string",
            "description": "Ends the connections that are bound to it within this time, up to 1000h",
            "pattern": "^([0-9]{1,7}(ms|s)|[0-9]{1,4}m|[0-9]{1,3}h)$",
            "examples": ["30s"],
        } })),
        "/pools/undrain": backend("Takes that back", json!({})),
        "/pools/weigh": backend("Gives a backend another share", json!({ "weight": bounded(1, 256) })),
        "/connections/close": { "post": order(
            "Ends a connection of a client, with its grace",
            reference("Named"),
            "202",
            json!({
                "type": "object",
                "required": ["path"],
                "properties": { "path": { "type": "string" } },
            }),
            &["404"],
        ) },
    })
}

fn schemas() -> Value {
    let text = || json!({ "type": "string" });
    let count = || json!({ "type": "integer", "minimum": 0 });
    let yes_or_no = || json!({ "type": "boolean" });
    let status = json!({ "type": "string", "description": "Such as running, restarting, parked" });
    let worker = json!({ "type": ["integer", "null"], "description": "Null: the control thread" });
    json!({
        "Error": object(&[("error", text()), ("do", text())], &[]),
        "Named": {
            "type": "object",
            "additionalProperties": false,
            "required": ["path"],
            "properties": { "path": text() },
        },
        "Level": {
            "type": "object",
            "additionalProperties": false,
            "required": ["level"],
            "properties": { "level": { "enum": ["error", "warn", "info", "debug", "trace"] } },
        },
        "Tree": object(&[
            ("nodes", json!({ "type": "array", "items": reference("Node") })),
            ("more", yes_or_no()),
        ], &[]),
        "Node": object(&[
            ("path", text()),
            ("kind", json!({ "enum": ["leaf", "supervisor"] })),
            ("status", status.clone()),
            ("worker", worker),
            ("generation", count()),
            ("restarts", count()),
            ("since_ms", count()),
            ("waiting", count()),
            ("capacity", count()),
        ], &[
            ("last_exit", json!({ "type": "object" })),
            ("detail", json!({ "type": "object" })),
        ]),
        "Pool": object(&[
            ("name", text()),
            ("status", status.clone()),
            ("algorithm", text()),
            ("waiting", count()),
            ("in_flight", count()),
            ("serving", count()),
            ("backends", json!({ "type": "array", "items": reference("Backend") })),
        ], &[]),
        "Backend": object(&[
            ("name", text()),
            ("address", text()),
            ("tier", count()),
            ("weight", bounded(1, 256)),
            ("health", json!({ "enum": ["up", "shaky", "down", "on_trial"] })),
            ("ejected", yes_or_no()),
            ("draining", yes_or_no()),
            ("in_flight", count()),
            ("requests", count()),
            ("connected", count()),
            ("failed", count()),
        ], &[]),
        "Connection": object(&[
            ("id", count()),
            ("path", text()),
            ("listener", text()),
            ("worker", count()),
            ("status", status),
            ("since_ms", count()),
        ], &[]),
        "TraceSummary": object(&[
            ("trace_id", text()),
            ("name", text()),
            ("start_unix_us", count()),
            ("duration_us", count()),
            ("error", yes_or_no()),
            ("spans", count()),
        ], &[]),
        "Span": object(&[
            ("span_id", text()),
            ("parent_span_id", json!({ "type": ["string", "null"] })),
            ("name", text()),
            ("kind", json!({ "enum": ["server", "client", "producer", "consumer", "internal"] })),
            ("start_unix_ns", text()),
            ("duration_ns", count()),
            ("error", json!({ "type": ["string", "null"] })),
            ("attributes", json!({ "type": "object" })),
            ("links", json!({ "type": "array", "items": { "type": "object" } })),
            ("events", json!({ "type": "array", "items": { "type": "object" } })),
        ], &[]),
    })
}

fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let names: Vec<_> = required.iter().map(|(name, _)| *name).collect();
    let properties: serde_json::Map<_, _> = required
        .iter()
        .chain(optional)
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({ "type": "object", "required": names, "properties": properties })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn list(name: &str, item: &str) -> Value {
    object(&[(name, json!({ "type": "array", "items": reference(item) }))], &[])
}

fn bounded(least: u32, most: u32) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

fn query(name: &str, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

/// Refusals by status.
const REFUSALS: &[(&str, &str)] = &[
    ("400", "The request is mistaken"),
    ("401", "The request does not bring the token"),
    ("403", "The request has no field X-Trunkline, or comes from a foreign page"),
    ("404", "What is named is not there"),
    ("405", "The path does not take that method"),
    ("408", "The body took too long"),
    ("409", "That cannot be done as things are"),
    ("413", "The body is too long"),
    ("415", "The body is not said to be JSON"),
    ("421", "The field Host does not name this server"),
    ("503", "Nobody can do it now"),
];

fn responses() -> Value {
    REFUSALS
        .iter()
        .map(|(status, description)| {
            let content = json!({ "application/json": { "schema": reference("Error") } });
            let mut response = json!({ "description": description, "content": content });
            let field = match *status {
                "401" => Some("WWW-Authenticate"),
                "405" => Some("Allow"),
                _ => None,
            };
            if let Some(field) = field {
                response["headers"] = json!({ field: { "schema": { "type": "string" } } });
            }
            (format!("R{status}"), response)
        })
        .collect()
}

fn refused(response: &mut Value, statuses: &[&str]) {
    for status in statuses {
        response[status] = json!({ "$ref": format!("#/components/responses/R{status}") });
    }
}

fn ok(schema: Value, refusals: &[&str]) -> Value {
    let content = json!({ "application/json": { "schema": schema } });
    let mut all = json!({ "200": { "description": "It", "content": content } });
    refused(&mut all, refusals);
    all
}

fn texts(kinds: &[&str], refusals: &[&str]) -> Value {
    let text = json!({ "schema": { "type": "string" } });
    let content: serde_json::Map<_, _> =
        kinds.iter().map(|kind| ((*kind).to_owned(), text.clone())).collect();
    let mut all = json!({ "200": { "description": "It", "content": content } });
    refused(&mut all, refusals);
    all
}

fn with_unready(mut responses: Value) -> Value {
    let schema = object(
        &[
            ("ready", json!({ "const": false })),
            ("reasons", json!({ "type": "array", "items": { "type": "string" } })),
        ],
        &[],
    );
    responses["503"] = json!({
        "description": "It should not",
        "content": { "application/json": { "schema": schema } },
    });
    responses
}

/// A question that needs no token.
fn open(summary: &str, mut responses: Value) -> Value {
    refused(&mut responses, &["400", "405", "421"]);
    json!({ "summary": summary, "security": [{}], "responses": responses })
}

fn operation(summary: &str, parameters: &[Value], mut responses: Value) -> Value {
    refused(&mut responses, &["400", "401", "405", "421"]);
    json!({ "summary": summary, "parameters": parameters, "responses": responses })
}

fn order(summary: &str, body: Value, status: &str, answer: Value, refusals: &[&str]) -> Value {
    let content = json!({ "application/json": { "schema": answer } });
    let mut responses = json!({ status: { "description": "It is done", "content": content } });
    refused(&mut responses, &["400", "401", "403", "405", "408", "413", "415", "421"]);
    refused(&mut responses, refusals);
    json!({
        "summary": summary,
        "parameters": [{
            "name": "X-Trunkline",
            "in": "header",
            "required": true,
            "description": "Any value: no page in a browser can send it unasked",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9]{1,32}$" },
            "example": "1",
        }],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": body } },
        },
        "responses": responses,
    })
}
