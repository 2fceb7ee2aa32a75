//! What a file says of traces.

use std::time::Duration;

use trunkline_config::{OtlpProtocol, Telemetry};

use crate::{mistakes, otlp, said, valid};

#[test]
fn a_file_that_says_nothing_has_every_default() {
    let settings = valid("", &[]);
    assert!(!settings.is_traced());
    let expected = Telemetry {
        service_name: "trunkline".to_owned(),
        sample_ratio: 0.01,
        sample_errors: true,
        forced: 100,
        keep: 256,
        trace_file: None,
        otlp: None,
        resource: Vec::new(),
    };
    assert_eq!(settings.telemetry, expected);
}

#[test]
fn an_empty_table_is_a_collector_on_this_machine() {
    let grpc = otlp("[telemetry.otlp]", &[]);
    assert_eq!(
        (grpc.endpoint.as_str(), grpc.protocol),
        ("http://127.0.0.1:4317", OtlpProtocol::Grpc)
    );
    assert_eq!((grpc.timeout, grpc.queue), (Duration::from_secs(10), 16_384));
    assert!(grpc.headers.is_empty());
    let http = otlp("telemetry.otlp.protocol = 'http'", &[]);
    assert_eq!(http.endpoint, "http://127.0.0.1:4318/v1/traces");
}

#[test]
fn the_path_of_traces_is_added_once() {
    for (written, complete) in [
        ("http://c:1", "http://c:1/v1/traces"),
        ("http://c:1/", "http://c:1/v1/traces"),
        ("http://c/otlp", "http://c/otlp/v1/traces"),
        ("http://c:1/v1/traces", "http://c:1/v1/traces"),
        ("http://c:1/v1/traces/", "http://c:1/v1/traces"),
    ] {
        let text = format!("telemetry.otlp = {{ protocol = 'http', endpoint = '{written}' }}");
        assert_eq!(otlp(&text, &[]).endpoint, complete);
    }
    assert_eq!(otlp("telemetry.otlp.endpoint = 'http://c:1/'", &[]).endpoint, "http://c:1/");
}

#[test]
fn there_are_traces_where_somebody_gets_to_see_them() {
    for (text, traced) in [
        ("server.admin = '127.0.0.1:9'", true),
        ("server.admin = '127.0.0.1:9'\ntelemetry.keep = 0", false),
        ("telemetry.trace_file = 'a'\ntelemetry.keep = 0", true),
        ("[telemetry.otlp]", true),
        ("telemetry.sample_ratio = 1", false),
    ] {
        assert_eq!(valid(text, &[]).is_traced(), traced, "{text}");
    }
}

#[test]
fn a_ratio_is_a_number_from_0_to_1() {
    for (ratio, read) in [("0", 0.0), ("1", 1.0), ("0.5", 0.5), ("1e-3", 0.001)] {
        let settings = valid(&format!("telemetry.sample_ratio = {ratio}"), &[]);
        assert!((settings.telemetry.sample_ratio - read).abs() < f64::EPSILON);
    }
    for (ratio, what, remedy) in [
        ("1.5", "1.5 is too large", "write a number from 0 to 1"),
        ("-0.1", "-0.1 is too small", "write a number from 0 to 1"),
        ("nan", "NaN is not a number", "write a number from 0 to 1"),
        ("'off'", "\"off\" is not a number", "write a number from 0 to 1"),
        ("'0.5'", "\"0.5\" is a text", "write 0.5 without quotes"),
    ] {
        let answer = format!("f:2:26: telemetry.sample_ratio: {what}: {remedy}");
        said(&format!("telemetry.sample_ratio = {ratio}"), &answer);
    }
}

#[test]
fn a_collector_is_refused_with_its_place() {
    said(
        "telemetry.otlp.endpoint = 'https://c:4317'",
        "f:2:27: telemetry.otlp.endpoint: \"https://c:4317\" asks for TLS, and TLS to a collector is \
         not supported: let a collector on this machine, or one behind http://, forward",
    );
    said(
        "telemetry.otlp.endpoint = 'http://c:4317/v1/traces'",
        "f:2:27: telemetry.otlp.endpoint: gRPC has no use for the path \"/v1/traces\": \
         write the URL without it, or protocol = \"http\"",
    );
    said(
        "telemetry.otlp.protocol = 'htp'",
        "f:2:27: telemetry.otlp.protocol: \"htp\" is not a protocol of OTLP: \
         write one of grpc, http; did you mean \"http\"?",
    );
    said(
        "telemetry.otlp.queue = 0",
        "f:2:24: telemetry.otlp.queue: 0 is too small: write a whole number from 1 to 1000000",
    );
    said(
        "telemetry.tracefile = 'a'",
        "f:2:11: telemetry.tracefile: is not a key that is known here: write one of service_name, \
         sample_ratio, sample_errors, forced, keep, trace_file, otlp; did you mean \"trace_file\"?",
    );
    said(
        "telemetry.trace_file = 'a/'",
        "f:2:24: telemetry.trace_file: \"a/\" is a directory: write the path of a file in it",
    );
}

#[test]
fn the_value_of_a_header_field_is_never_shown() {
    let text = "telemetry.otlp.headers = [{ name = 'X-Key', value = 'hunter2' }]";
    let settings = valid(text, &[]);
    assert!(!format!("{settings:?}").contains("hunter2"));
    let headers = &settings.telemetry.otlp.as_ref().expect("a collector").headers;
    let shown: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    assert_eq!(shown, [("x-key", "hunter2")]);
    for value in ["' hunter2'", "\"hunter2\\n\"", "'hunter2ä'"] {
        let lines = mistakes(&text.replace("'hunter2'", value), &[]);
        assert_eq!(
            lines,
            [
                "f:2:53: telemetry.otlp.headers[0].value: has spaces around it, or characters beyond \
              visible ASCII: write the value of a header field in quotes, in visible ASCII without \
              spaces around it"
            ]
        );
    }
    said(
        "telemetry.otlp.headers = [{ name = 'Host', value = 'a' }]",
        "f:2:36: telemetry.otlp.headers[0].name: \"Host\" is written by the exporter itself: \
         remove it",
    );
}
