//! The variables of OpenTelemetry.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::time::Duration;

use proptest::prelude::*;
use trunkline_config::{Format, OtlpProtocol, Source, parse};

use crate::{load, mistakes, otlp, valid};

const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317");

/// Every variable that is read.
const ALL: [&str; 17] = [
    "OTEL_SDK_DISABLED",
    "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACES_EXPORTER",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
    "OTEL_UNKNOWN",
    "OTEL_",
];

#[test]
fn an_endpoint_brings_a_collector_and_nothing_else_does() {
    assert_eq!(otlp("", &[ENDPOINT]).endpoint, "http://c:4317");
    let others = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "5000"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "2048"),
    ];
    assert_eq!(valid("", &others).telemetry.otlp, None);
    assert_eq!(valid("", &[(ENDPOINT.0, "")]).telemetry.otlp, None);

    let all = otlp("", &[&[ENDPOINT], &others[..]].concat());
    assert_eq!(
        (all.endpoint.as_str(), all.protocol),
        ("http://c:4317/v1/traces", OtlpProtocol::Http)
    );
    assert_eq!((all.timeout, all.queue), (Duration::from_secs(5), 2_048));
    assert_eq!(all.headers.len(), 1);
    // A table in the file is a collector, too, and takes the rest from the variables.
    assert_eq!(otlp("[telemetry.otlp]", &others).queue, 2_048);
}

#[test]
fn traces_that_are_to_go_elsewhere_bring_no_collector() {
    for (list, is_there) in
        [("none", false), ("console,zipkin", false), ("otlp", true), ("console, otlp", true)]
    {
        let exporter = ("OTEL_TRACES_EXPORTER", list);
        assert_eq!(valid("", &[ENDPOINT, exporter]).telemetry.otlp.is_some(), is_there, "{list}");
        // One that the file asks for is there, and may be said where by a variable.
        assert_eq!(otlp("[telemetry.otlp]", &[ENDPOINT, exporter]).endpoint, "http://c:4317");
    }
}

#[test]
fn the_endpoint_of_traces_comes_first_and_is_used_as_it_is() {
    let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:1/in");
    let http = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf");
    assert_eq!(otlp("", &[ENDPOINT, traces, http]).endpoint, "http://t:1/in");
    assert_eq!(otlp("", &[ENDPOINT, http]).endpoint, "http://c:4317/v1/traces");
    // What the file says is completed as ever.
    let file = "telemetry.otlp.endpoint = 'http://f:1'";
    assert_eq!(otlp(file, &[ENDPOINT, traces, http]).endpoint, "http://f:1/v1/traces");
}

#[test]
fn the_variables_of_traces_come_before_those_of_all_exporters() {
    let otlp = otlp(
        "",
        &[
            ENDPOINT,
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "1"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2500"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "Authorization=Bearer%20x, b = 2"),
        ],
    );
    assert_eq!((otlp.protocol, otlp.timeout), (OtlpProtocol::Grpc, Duration::from_millis(2_500)));
    let headers: Vec<_> =
        otlp.headers.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    assert_eq!(headers, [("authorization", "Bearer x"), ("b", "2")]);
}

#[test]
fn the_file_wins_and_what_it_overrides_is_not_looked_at() {
    let file = "[telemetry]
service_name = 'edge'
sample_ratio = 0.5
[telemetry.otlp]
endpoint = 'http://f:1'
protocol = 'grpc'
timeout = '3s'
headers = [{ name = 'a', value = '1' }]
queue = 7";
    let variables: Vec<_> = ALL
        .into_iter()
        .filter(|name| !["OTEL_SDK_DISABLED", "OTEL_RESOURCE_ATTRIBUTES"].contains(name))
        .map(|name| (name, "no such thing"))
        .collect();
    assert_eq!(valid(file, &variables), valid(file, &[]));

    let ours = [("TRUNKLINE__TELEMETRY__SERVICE_NAME", "ours"), ("OTEL_SERVICE_NAME", "theirs")];
    assert_eq!(valid("", &ours).telemetry.service_name, "ours");
}

#[test]
fn a_service_has_its_own_variable_or_an_attribute() {
    let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "zone=b,service.name=attribute,zone=a%20b");
    let resource = vec![("zone".to_owned(), "a b".to_owned())];
    let of = |text, variables: &[_]| {
        let telemetry = valid(text, variables).telemetry;
        assert_eq!(telemetry.resource, resource);
        telemetry.service_name
    };
    assert_eq!(of("", &[attributes]), "attribute");
    assert_eq!(of("", &[attributes, ("OTEL_SERVICE_NAME", "variable")]), "variable");
    assert_eq!(of("telemetry.service_name = 'file'", &[attributes]), "file");
}

#[test]
fn a_sampler_is_a_ratio() {
    let of = |variables: &[(&str, &str)]| {
        let ratio = valid("", variables).telemetry.sample_ratio;
        (ratio * 100.0).round() as u32
    };
    let by_ratio = ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
    assert_eq!(of(&[by_ratio, ("OTEL_TRACES_SAMPLER_ARG", "0.25")]), 25);
    assert_eq!(of(&[by_ratio]), 100);
    assert_eq!(of(&[("OTEL_TRACES_SAMPLER", "parentbased_always_on")]), 100);
    assert_eq!(of(&[("OTEL_TRACES_SAMPLER", "parentbased_always_off")]), 0);
    // Alone it says nothing.
    assert_eq!(of(&[("OTEL_TRACES_SAMPLER_ARG", "x")]), 1);
}

#[test]
fn a_mistake_names_its_variable() {
    let http = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json");
    let sampler = "OTEL_TRACES_SAMPLER";
    for (variables, answer) in [
        (
            vec![(sampler, "always_on")],
            "OTEL_TRACES_SAMPLER: \"always_on\" is no sampler that is known: write one of \
             parentbased_traceidratio, parentbased_always_on, parentbased_always_off, or set \
             telemetry.sample_ratio in the file",
        ),
        (
            vec![(sampler, "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "2")],
            "OTEL_TRACES_SAMPLER_ARG: telemetry.sample_ratio: 2 is too large: \
             write a number from 0 to 1",
        ),
        (
            vec![ENDPOINT, http],
            "OTEL_EXPORTER_OTLP_PROTOCOL: \"http/json\" is no protocol that is known: write one of \
             grpc, http/protobuf, or set telemetry.otlp.protocol in the file",
        ),
        (
            vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c")],
            "OTEL_EXPORTER_OTLP_ENDPOINT: telemetry.otlp.endpoint: \"https://c\" asks for TLS, and TLS \
             to a collector is not supported: let a collector on this machine, or one behind \
             http://, forward",
        ),
        (
            vec![ENDPOINT, ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s")],
            "OTEL_EXPORTER_OTLP_TIMEOUT: \"10s\" is not a number of milliseconds: \
             write one, such as 10000",
        ),
        (
            vec![ENDPOINT, ("OTEL_BSP_MAX_QUEUE_SIZE", "many")],
            "OTEL_BSP_MAX_QUEUE_SIZE: telemetry.otlp.queue: \"many\" is not a whole number: \
             write a whole number from 1 to 1000000",
        ),
        (
            vec![ENDPOINT, ("OTEL_EXPORTER_OTLP_HEADERS", "a=1,hunter2")],
            "OTEL_EXPORTER_OTLP_HEADERS: part 2 of the list has no \"=\": write NAME=VALUE, with \
             commas between the parts, and \"%2C\" for a comma in a value",
        ),
        (
            vec![ENDPOINT, ("OTEL_EXPORTER_OTLP_HEADERS", "a=1%0a")],
            "OTEL_EXPORTER_OTLP_HEADERS: telemetry.otlp.headers[0].value: has spaces around it, or \
             characters beyond visible ASCII: write the value of a header field in quotes, in visible \
             ASCII without spaces around it",
        ),
        (
            vec![("OTEL_SDK_DISABLED", "yes")],
            "OTEL_SDK_DISABLED: \"yes\" is not true or false: write true or false",
        ),
    ] {
        assert_eq!(mistakes("", &variables), [answer], "{variables:?}");
    }
}

#[test]
fn a_variable_that_is_not_utf_8_is_one_mistake() {
    let variable = ("OTEL_RESOURCE_ATTRIBUTES".into(), OsString::from_vec(b"a=\xff".into()));
    let text = "listener.a = { bind = '127.0.0.1:1', protocol = 'echo' }";
    let mistakes = parse(&Source::new("f", Format::Toml, text), [variable], []);
    assert_eq!(
        mistakes.expect_err("not UTF-8").to_string(),
        "OTEL_RESOURCE_ATTRIBUTES: is not UTF-8: write a text in UTF-8\n1 mistake"
    );
}

#[test]
fn what_is_disabled_is_not_read() {
    let variables: Vec<_> = ALL.map(|name| (name, "no such thing")).into();
    let disabled: Vec<_> = [("OTEL_SDK_DISABLED", "TRUE")].into_iter().chain(variables).collect();
    let first: Vec<_> =
        disabled.into_iter().filter(|(_, value)| *value != "no such thing").collect();
    assert_eq!(valid("", &[&first[..], &[ENDPOINT]].concat()), valid("", &[]));
    // The file stays what it is.
    assert!(valid("[telemetry.otlp]", &first).telemetry.otlp.is_some());
}

#[test]
fn a_section_that_is_no_table_is_one_mistake() {
    assert_eq!(
        mistakes("telemetry = 1", &[ENDPOINT, ("OTEL_SERVICE_NAME", "a")]),
        ["f:2:13: telemetry: 1 is not a table: write keys with their values, one a line"]
    );
}

proptest! {
    #[test]
    fn no_variables_make_loading_panic(
        given in prop::collection::vec((prop::sample::select(ALL.to_vec()), "\\PC{0,24}"), 0..8),
    ) {
        let variables: Vec<_> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if let Err(mistakes) = load("[telemetry.otlp]", &variables) {
            for mistake in &mistakes {
                prop_assert!(mistake.to_string().starts_with("OTEL_"), "{mistake}");
            }
        }
    }
}
