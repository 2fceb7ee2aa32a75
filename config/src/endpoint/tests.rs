use super::*;

fn refusal(result: Result<impl fmt::Debug, Problem>) -> String {
    result.expect_err("must be refused").to_string()
}

#[test]
fn a_listener_binds_ip_addresses_of_both_families() {
    for text in
        ["127.0.0.1:0", "0.0.0.0:65535", "[::]:80", "[::ffff:10.0.0.1]:80", "[fe80::1%2]:80"]
    {
        assert_eq!(bind(text).expect(text).to_string(), text);
    }
}

#[test]
fn what_cannot_be_bound_is_answered_with_what_to_write() {
    for (text, message) in [
        ("", "is empty: write an address and a port, such as \"0.0.0.0:8080\""),
        ("8080", "\"8080\" is a port without an address: write \"0.0.0.0:8080\""),
        (":8080", "\":8080\" has a port and no address: write \"0.0.0.0:8080\""),
        (
            "127.0.0.1",
            "\"127.0.0.1\" has no port: write the port after a colon, as in \"127.0.0.1:8080\"",
        ),
        (
            "127.0.0.1:",
            "\"127.0.0.1:\" has no port: write the port after a colon, as in \"127.0.0.1:8080\"",
        ),
        ("127.0.0.1:http", "\"http\" is not a port: write a number from 0 to 65535"),
        ("127.0.0.1:65536", "port \"65536\" is above 65535: write a number from 0 to 65535"),
        (
            "localhost:80",
            "\"localhost\" is a host name, and a listener binds an IP address: write an IP address, such as \"127.0.0.1:80\"",
        ),
        (
            "web.local:80",
            "\"web.local\" is a host name, and a listener binds an IP address: write an IP address, such as \"0.0.0.0:80\"",
        ),
        (
            "*:80",
            "\"*:80\" names no address: write \"0.0.0.0:80\" for every IPv4 address, \"[::]:80\" for IPv6 too",
        ),
        (
            "300.1.1.1:80",
            "\"300.1.1.1\" is not an IPv4 address: write four numbers from 0 to 255, as in \"0.0.0.0:80\"",
        ),
        (
            "::1",
            "\"::1\" is an IPv6 address without brackets: write the address in brackets and then the port, as in \"[::1]:8080\"",
        ),
        (
            "2001:db8::1:x:80",
            "\"2001:db8::1:x:80\" has more than one colon: write an IPv6 address in brackets, as in \"[::1]:8080\"",
        ),
        ("[::1", "\"[::1\" has no closing bracket: write \"[::1]:8080\""),
        ("[::1]", "\"[::1]\" has no port: write the port after a colon, as in \"[::1]:8080\""),
        (
            "[x]:80",
            "\"x\" is not an IPv6 address: write an IPv6 address between the brackets, as in \"[::1]:8080\"",
        ),
    ] {
        assert_eq!(refusal(bind(text)), message, "{text}");
    }
}

#[test]
fn a_backend_is_an_ip_address_or_a_host_name() {
    for (text, written) in [
        ("10.0.0.1:80", "10.0.0.1:80"),
        ("[::1]:80", "[::1]:80"),
        ("[fe80::1%2]:80", "[fe80::1%2]:80"),
        ("Web.Local.:080", "web.local:80"),
        ("my_service:1", "my_service:1"),
    ] {
        assert_eq!(backend(text).expect(text).to_string(), written);
    }
}

#[test]
fn what_cannot_be_a_backend_is_answered_with_what_to_write() {
    for (text, message) in [
        (
            "web.local",
            "\"web.local\" has no port: write the port after a colon, as in \"web.local:8080\"",
        ),
        (
            "web.local:0",
            "\"web.local:0\" has port 0, where nothing can be reached: write a port from 1 to 65535",
        ),
        (
            "10.0.0.1:0",
            "\"10.0.0.1:0\" has port 0, where nothing can be reached: write a port from 1 to 65535",
        ),
        (
            "http://web:80/",
            "\"http://web:80/\" has a scheme: write the address without \"http://\"; did you mean \"web:80\"?",
        ),
        (
            "-web:80",
            "\"-web\" is not a host name: write letters, digits and hyphens between dots, as in \"web.local:80\", or an IP address",
        ),
        (
            "a b:80",
            "\"a b\" is not a host name: write letters, digits and hyphens between dots, as in \"web.local:80\", or an IP address",
        ),
    ] {
        assert_eq!(refusal(backend(text)), message, "{text}");
    }
    assert!("web".parse::<BackendAddress>().is_err());
}

#[test]
fn a_service_is_a_name_without_a_port() {
    for (text, written) in [
        ("_http._tcp.Web.Local.", "_http._tcp.web.local"),
        ("web.service.consul", "web.service.consul"),
    ] {
        assert_eq!(srv(text).expect(text), written);
    }
    for (text, message) in [
        (
            "_http._tcp.web.local:80",
            "\"_http._tcp.web.local:80\" has a port, and SRV records bring their own: \
             write the name alone; did you mean \"_http._tcp.web.local\"?",
        ),
        (
            "10.0.0.1",
            "\"10.0.0.1\" is an IP address, not a name: \
             write it with a port under the key address",
        ),
        (
            "_http .web",
            "\"_http .web\" is not the name of a service: write letters, digits, hyphens and \
             underscores between dots, as in \"_http._tcp.web.local\"",
        ),
    ] {
        assert_eq!(refusal(srv(text)), message, "{text}");
    }
}

#[test]
fn a_name_server_is_an_ip_address_with_a_port() {
    assert_eq!(server("[::1]:53").expect("an address").to_string(), "[::1]:53");
    for (text, message) in [
        (
            "10.0.0.53",
            "\"10.0.0.53\" has no port: write the port after it; did you mean \"10.0.0.53:53\"?",
        ),
        ("::1", "\"::1\" has no port: write the port after it; did you mean \"[::1]:53\"?"),
        (
            "dns.local:53",
            "\"dns.local\" is a host name, and nothing resolves it: \
             write an IP address, such as \"10.0.0.53:53\"",
        ),
        (
            "10.0.0.53:0",
            "\"10.0.0.53:0\" has port 0, where nothing can be reached: \
             write a port from 1 to 65535",
        ),
    ] {
        assert_eq!(refusal(server(text)), message, "{text}");
    }
}

#[test]
fn schemes_without_end_are_refused_like_one() {
    let answer = backend(&"a://".repeat(1_000_000)).expect_err("no address").to_string();
    assert!(answer.ends_with("has a scheme: write the address without \"a://\""), "{answer}");
}
