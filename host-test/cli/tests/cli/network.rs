//! The flags and variables that control outgoing requests.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::command::{File, Server, run_with};

/// A server on a thread. It runs until the process ends.
struct Answering {
    address: String,
    /// The heads of the requests.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Answering {
    /// Starts the server, with or without TLS.
    fn start(tls: Option<Arc<ServerConfig>>) -> Answering {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address").to_string();
        let heads = Arc::<Mutex<Vec<_>>>::default();
        let seen = Arc::clone(&heads);
        thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.expect("a connection");
                let head = match &tls {
                    None => answer(&mut socket),
                    Some(tls) => {
                        let tls = ServerConnection::new(Arc::clone(tls)).expect("TLS");
                        answer(&mut StreamOwned::new(tls, socket))
                    }
                };
                seen.lock().expect("heads").push(head);
            }
        });
        Answering { address, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("heads").clone()
    }
}

/// Reads the head of a request and answers with an empty list of users.
fn answer(stream: &mut (impl Read + Write)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a request");
        head.extend(byte);
    }
    let body = r#"{"users":[],"total":0}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).expect("an answer");
    stream.flush().expect("an answer");
    String::from_utf8(head).expect("UTF-8")
}

/// A command that looks up a person who does not exist.
const LOOK_UP: [&str; 4] = ["deprovision", "--api=v1", "--email=ada@example.com", "--mode=disable"];

#[test]
fn a_ca_file_is_trusted() {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let file = File::new("ca.pem", &key.cert.pem());
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], der)
        .expect("a certificate with its key");
    let server = Answering::start(Some(Arc::new(config)));
    let base_url = server.address.replace("127.0.0.1", "https://localhost");
    let env = [("RETOOL_BASE_URL", base_url.as_str()), ("RETOOL_API_TOKEN", "t")];
    let arguments = [&LOOK_UP[..], &["--ca-file", file.path()]].concat();
    let ran = run_with(&arguments, &env);
    assert_eq!(ran.exit, 0, "{ran:#?}");
    assert!(ran.stdout.contains("ada@example.com"), "{ran:#?}");
    assert!(!server.heads().is_empty());
}

#[test]
fn a_ca_file_without_a_certificate_is_wrong_usage() {
    let file = File::new("ca.pem", "nothing of the kind");
    let env = [("RETOOL_BASE_URL", "https://localhost:9"), ("RETOOL_API_TOKEN", "t")];
    let ran = run_with(&["check", "--ca-file", file.path()], &env);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("ca.pem: there is no certificate"), "{}", ran.stderr);

    let ran = run_with(&["check", "--ca-file", "no-such-file.pem"], &env);
    assert_eq!(ran.exit, 2, "{ran:#?}");
    assert!(ran.stderr.contains("no-such-file.pem"), "{}", ran.stderr);
}

#[test]
fn a_machine_without_trusted_authorities_reports_that_for_https_only() {
    let empty = File::new("roots.pem", "");
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().to_str().expect("UTF-8");
    let roots = [("SSL_CERT_FILE", empty.path()), ("SSL_CERT_DIR", folder)];
    let env = [("RETOOL_BASE_URL", "https://127.0.0.1:9"), ("RETOOL_API_TOKEN", "a-secret")];
    let ran = run_with(&LOOK_UP, &[env, roots].concat());
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains("trusts no certificate authorities"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--ca-file"), "{}", ran.stderr);

    // Plain HTTP needs no authority.
    let server = Server::start();
    let base_url = server.mock.base_url();
    let env = [("RETOOL_BASE_URL", base_url.as_str()), ("RETOOL_API_TOKEN", server.mock.token())];
    let ran = run_with(&["check", "--api=v1"], &[env, roots].concat());
    assert_eq!(ran.exit, 0, "{ran:#?}");
}

#[test]
fn a_proxy_in_the_environment_opens_the_tunnel_and_sees_no_token() {
    let proxy = Answering::start(None);
    let key = rcgen::generate_simple_self_signed(["acme.invalid".to_owned()]).expect("a key");
    let file = File::new("ca.pem", &key.cert.pem());
    let url = format!("http://user:hunter2@{}", proxy.address);
    let env = [
        ("RETOOL_BASE_URL", "https://acme.invalid"),
        ("RETOOL_API_TOKEN", "a-secret-token"),
        ("RETOOL_MAX_ATTEMPTS", "1"),
        ("SSL_CERT_FILE", file.path()),
    ];
    for variable in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        let ran = run_with(&LOOK_UP, &[&env[..], &[(variable, &url)]].concat());
        // The proxy closes the tunnel.
        assert_eq!(ran.exit, 1, "{ran:#?}");
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
    let heads = proxy.heads();
    assert!(heads.len() >= 4, "{heads:?}");
    for head in heads {
        assert!(head.starts_with("CONNECT acme.invalid:443 HTTP/1.1\r\n"), "{head}");
        let head = head.to_ascii_lowercase();
        assert!(head.contains("\r\nproxy-authorization: basic dxnlcjpodw50zxiy\r\n"), "{head}");
        assert!(!head.contains("a-secret-token") && !head.contains("bearer"), "{head}");
    }
}

#[test]
fn a_loopback_base_url_never_goes_through_a_proxy() {
    let server = Server::start();
    let base_url = server.mock.base_url();
    let env = [("RETOOL_BASE_URL", base_url.as_str()), ("RETOOL_API_TOKEN", server.mock.token())];
    let proxy = Answering::start(None);
    let url = format!("http://user:hunter2@{}", proxy.address);
    for variable in ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"] {
        let ran = run_with(&["check", "--api=v1"], &[&env[..], &[(variable, &url)]].concat());
        assert_eq!(ran.exit, 0, "{variable}: {ran:#?}");
    }
    assert_eq!(proxy.heads(), [""; 0]);
}

#[test]
fn a_proxy_that_is_not_there_is_named_without_its_password() {
    // No server listens on this port.
    let proxy = "http://user:hunter2@127.0.0.1:9";
    let key = rcgen::generate_simple_self_signed(["acme.invalid".to_owned()]).expect("a key");
    let file = File::new("ca.pem", &key.cert.pem());
    let env = [
        ("RETOOL_BASE_URL", "https://acme.invalid"),
        ("RETOOL_API_TOKEN", "t"),
        ("SSL_CERT_FILE", file.path()),
        ("ALL_PROXY", proxy),
    ];
    let ran = run_with(&["check", "--api=v1"], &env);
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.stderr.contains("the proxy could not be reached"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}

#[test]
fn an_invalid_proxy_is_wrong_usage_and_not_ignored() {
    let server = Server::start();
    let base_url = server.mock.base_url();
    let env = [("RETOOL_BASE_URL", base_url.as_str()), ("RETOOL_API_TOKEN", server.mock.token())];
    for proxy in ["socks5://user:hunter2@127.0.0.1:1080", "http://user:hunter2#@127.0.0.1:port"] {
        let ran = run_with(&["check"], &[&env[..], &[("all_proxy", proxy)]].concat());
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert!(ran.stderr.contains("all_proxy is not a usable proxy"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
    assert!(server.mock.requests().is_empty());
}

#[test]
fn check_has_the_same_result_with_injected_credentials() {
    let server = Server::start();
    let with = server.run(&["check", "--api=v1", "--json", "--inject-credentials"]);
    assert_eq!(with.exit, 0, "{with:#?}");
    let without = server.run(&["check", "--api=v1", "--json"]);
    assert_eq!(with.json()["healthy"], without.json()["healthy"]);
}
