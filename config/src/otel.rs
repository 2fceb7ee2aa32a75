//! The variables of OpenTelemetry, laid below the file: the file wins, then they, then the defaults.
//!
//! | variable | key |
//! |---|---|
//! | `OTEL_SERVICE_NAME`, or `service.name` in `OTEL_RESOURCE_ATTRIBUTES` | `telemetry.service_name` |
//! | `OTEL_RESOURCE_ATTRIBUTES` | none: [`crate::Telemetry::resource`] |
//! | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | `telemetry.sample_ratio` |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | `telemetry.otlp.endpoint` |
//! | `OTEL_EXPORTER_OTLP_PROTOCOL`, `…_TIMEOUT`, `…_HEADERS` | `telemetry.otlp.protocol`, … |
//! | `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `…_TRACES_PROTOCOL`, … | the same, before those without `TRACES` |
//! | `OTEL_TRACES_EXPORTER` | none: without `otlp` in its list no endpoint brings a collector into being |
//! | `OTEL_BSP_MAX_QUEUE_SIZE` | `telemetry.otlp.queue` |
//! | `OTEL_SDK_DISABLED` | none: `true` has all the others ignored |
//!
//! What they mean is in the OpenTelemetry specification, "Environment Variable Specification" and
//! "OpenTelemetry Protocol Exporter"; an empty one is as if it were not set. They are often set for
//! all programs of a machine, so one that would change nothing is not looked at: a key in the file
//! settles what such a variable would make a mistake of.

mod pairs;

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::layers::{Layers, Override};
use crate::mistake::{Findings, Origin, Problem};
use crate::nearest::nearest;
use crate::path::Path;
use crate::quote::quote;
use pairs::pairs;

const SERVICE_NAME: &str = "telemetry.service_name";
const OTLP: &str = "telemetry.otlp";

/// The samplers with the ratio that each stands for; `None` is that of the argument.
const SAMPLERS: [(&str, Option<&str>); 3] = [
    ("parentbased_traceidratio", None),
    ("parentbased_always_on", Some("1")),
    ("parentbased_always_off", Some("0")),
];

/// The protocols with their names in a file.
const PROTOCOLS: [(&str, &str); 2] = [("grpc", "grpc"), ("http/protobuf", "http")];

/// What the variables say.
#[derive(Debug, Default)]
pub(crate) struct Otel {
    /// What goes below the file; nothing that another layer sets.
    pub(crate) laid: Vec<Override>,
    /// No name twice.
    pub(crate) resource: Vec<(String, String)>,
    /// Whether nothing is to be added to the endpoint.
    pub(crate) is_complete: bool,
}

/// Reads the variables, of which those that a layer overrides do not count.
pub(crate) fn read(
    variables: &[(OsString, OsString)],
    layers: &Layers<'_>,
    findings: &mut Findings,
) -> Otel {
    let ours = variables.iter().filter_map(|(name, value)| {
        let name = name.to_str().filter(|name| name.starts_with("OTEL_"))?;
        (!value.is_empty()).then_some((name, value))
    });
    let mut reading =
        Reading { variables: ours.collect(), layers, findings, otel: Otel::default() };
    if !reading.is_disabled() {
        reading.resource();
        reading.sampler();
        reading.collector();
    }
    reading.otel
}

struct Reading<'a, 's> {
    variables: BTreeMap<&'a str, &'a OsString>,
    layers: &'a Layers<'s>,
    findings: &'a mut Findings,
    otel: Otel,
}

impl Reading<'_, '_> {
    fn is_disabled(&mut self) -> bool {
        let variable = "OTEL_SDK_DISABLED";
        let Some(text) = self.value(variable) else { return false };
        if !["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
            let problem = Problem::new(format!("{} is not true or false", quote(&text)));
            self.mistake(variable, problem.remedy("write true or false"));
        }
        text.eq_ignore_ascii_case("true")
    }

    fn resource(&mut self) {
        let variable = "OTEL_RESOURCE_ATTRIBUTES";
        let mut is_named = !self.is_free(SERVICE_NAME);
        if !is_named && let Some(name) = self.value("OTEL_SERVICE_NAME") {
            self.lay("OTEL_SERVICE_NAME", SERVICE_NAME, Some(name));
            is_named = true;
        }
        for (name, value) in self.pairs(variable).unwrap_or_default() {
            if name == "service.name" {
                if !is_named {
                    self.lay(variable, SERVICE_NAME, Some(value));
                }
                continue;
            }
            // As maps have it: the last one counts.
            self.otel.resource.retain(|(other, _)| *other != name);
            self.otel.resource.push((name, value));
        }
    }

    fn sampler(&mut self) {
        let (variable, key) = ("OTEL_TRACES_SAMPLER", "telemetry.sample_ratio");
        if !self.is_free(key) {
            return;
        }
        let Some(name) = self.value(variable) else { return };
        match SAMPLERS.into_iter().find(|(known, _)| *known == name) {
            Some((_, Some(ratio))) => self.lay(variable, key, Some(ratio.to_owned())),
            Some((_, None)) => {
                let argument = "OTEL_TRACES_SAMPLER_ARG";
                match self.value(argument) {
                    Some(ratio) => self.lay(argument, key, Some(ratio)),
                    None => self.lay(variable, key, Some("1".to_owned())),
                }
            }
            None => {
                let problem = Problem::new(format!("{} is no sampler that is known", quote(&name)));
                self.one_of(variable, problem, &name, SAMPLERS.map(|(known, _)| known), key);
            }
        }
    }

    /// Nothing but an endpoint brings a collector into being.
    fn collector(&mut self) {
        let [endpoint, protocol, timeout, headers, queue] =
            ["endpoint", "protocol", "timeout", "headers", "queue"]
                .map(|key| format!("{OTLP}.{key}"));
        if self.is_free(&endpoint)
            && (!self.is_free(OTLP) || self.is_exported())
            && let Some((variable, url)) = self.first("ENDPOINT")
        {
            self.otel.is_complete = variable == of_traces("ENDPOINT");
            self.lay(&variable, &endpoint, Some(url));
        } else if self.is_free(OTLP) {
            return;
        }
        if self.is_free(&protocol)
            && let Some((variable, name)) = self.first("PROTOCOL")
        {
            match PROTOCOLS.into_iter().find(|(known, _)| *known == name) {
                Some((_, written)) => self.lay(&variable, &protocol, Some(written.to_owned())),
                None => {
                    let problem =
                        Problem::new(format!("{} is no protocol that is known", quote(&name)));
                    let known = PROTOCOLS.map(|(known, _)| known);
                    self.one_of(&variable, problem, &name, known, &protocol);
                }
            }
        }
        if self.is_free(&timeout)
            && let Some((variable, text)) = self.first("TIMEOUT")
        {
            if text.bytes().all(|byte| byte.is_ascii_digit()) {
                self.lay(&variable, &timeout, Some(format!("{text}ms")));
            } else {
                let message = format!("{} is not a number of milliseconds", quote(&text));
                self.mistake(&variable, Problem::new(message).remedy("write one, such as 10000"));
            }
        }
        if self.is_free(&headers)
            && let Some((variable, _)) = self.first("HEADERS")
            && let Some(pairs) = self.pairs(&variable)
        {
            let path = Path::dotted(&headers);
            self.otel.laid.push(Override::of_fields(variable, path, pairs));
        }
        if self.is_free(&queue) {
            let variable = "OTEL_BSP_MAX_QUEUE_SIZE";
            let text = self.value(variable);
            self.lay(variable, &queue, text);
        }
    }

    /// Whether traces go to collectors: others than `otlp` are for other programs.
    fn is_exported(&mut self) -> bool {
        let exporters = self.value("OTEL_TRACES_EXPORTER");
        exporters.is_none_or(|list| list.split(',').any(|name| name.trim() == "otlp"))
    }

    /// The variable of the exporter of traces, or else the one of all exporters.
    fn first(&mut self, name: &str) -> Option<(String, String)> {
        [of_traces(name), format!("OTEL_EXPORTER_OTLP_{name}")].into_iter().find_map(|variable| {
            let value = self.value(&variable)?;
            Some((variable, value))
        })
    }

    fn value(&mut self, variable: &str) -> Option<String> {
        let value = self.variables.get(variable)?.to_str().map(str::to_owned);
        if value.is_none() {
            self.mistake(variable, Problem::new("is not UTF-8").remedy("write a text in UTF-8"));
            // Once is enough, also of one that is looked at twice.
            self.variables.remove(variable);
        }
        value
    }

    fn pairs(&mut self, variable: &str) -> Option<Vec<(String, String)>> {
        let text = self.value(variable)?;
        pairs(&text).map_err(|problem| self.mistake(variable, problem)).ok()
    }

    /// Whether no layer sets the key, or one below it.
    fn is_free(&self, key: &str) -> bool {
        !self.layers.sets(&Path::dotted(key))
    }

    fn lay(&mut self, variable: &str, key: &str, value: Option<String>) {
        let laid =
            value.map(|value| Override::of_variable(variable.to_owned(), Path::dotted(key), value));
        self.otel.laid.extend(laid);
    }

    fn one_of<const N: usize>(
        &mut self,
        variable: &str,
        problem: Problem,
        given: &str,
        known: [&str; N],
        key: &str,
    ) {
        let remedy = format!("write one of {}, or set {key} in the file", known.join(", "));
        self.mistake(variable, problem.remedy(remedy).nearest(nearest(given, known)));
    }

    fn mistake(&mut self, variable: &str, problem: Problem) {
        let origin = Origin::Variable(variable.to_owned());
        self.findings.push(problem.at(origin, &Path::default()));
    }
}

fn of_traces(name: &str) -> String {
    format!("OTEL_EXPORTER_OTLP_TRACES_{name}")
}
