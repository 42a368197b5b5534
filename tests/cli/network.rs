use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use crate::support::{TlsService, World};

/// A proxy that hears one request and refuses it.
fn refusing_proxy() -> (String, Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (heard, hears) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
            let _ = heard.send(head);
        }
    });
    (address, hears)
}

#[test]
fn a_certificate_of_an_unknown_authority_is_named_with_its_issuer() {
    let world = World::new();
    let service = TlsService::vouched_for_by("Acme Inspection", "[]");
    let screen = world
        .command("orgs list --retries 0")
        .env("SUPACTL_API_URL", &service.url())
        .run();
    assert_eq!(screen.code(), Some("network"), "{screen}");
    assert!(screen.stderr().contains("CN=Acme Inspection"), "{screen}");
    assert!(screen.stderr().contains("--ca-file"), "{screen}");
}

#[test]
fn an_authority_given_by_hand_is_believed() {
    let world = World::new();
    let service = TlsService::vouched_for_by("Acme Inspection", r#"[{"slug":"acme"}]"#);
    let file = world.file("here/ca.pem", service.authority());
    let list = || {
        world
            .command("orgs list --no-cache -o ndjson")
            .env("SUPACTL_API_URL", &service.url())
    };
    let file = file.to_str().unwrap();
    for run in [
        list().arg("--ca-file").arg("ca.pem"),
        list().env("SUPACTL_CA_FILE", file),
        list().env("SSL_CERT_FILE", file),
    ] {
        let screen = run.run();
        assert_eq!(screen.status(), Some(0), "{screen}");
        assert!(screen.stdout().contains("acme"), "{screen}");
    }
}

#[test]
fn a_proxy_gets_its_own_password_and_no_token() {
    let world = World::new();
    let (address, heard) = refusing_proxy();
    let screen = world
        .command("orgs list --retries 0")
        .env("HTTPS_PROXY", &format!("http://ada:secret@{address}"))
        .run();
    assert_eq!(screen.code(), Some("network"), "{screen}");
    let head = heard.recv().unwrap();
    assert_eq!(head[0], "CONNECT api.invalid:443 HTTP/1.1");
    let has = |text: &str| head.iter().any(|line| line.to_lowercase().contains(text));
    assert!(
        has("proxy-authorization: basic ywrhonnly3jlda=="),
        "{head:?}"
    );
    assert!(!has("sbp_"), "{head:?}");
    assert!(!screen.to_string().contains("secret@"), "{screen}");
}

#[test]
fn hosts_that_need_no_proxy_are_asked_without_it() {
    let world = World::new();
    let (address, heard) = refusing_proxy();
    let screen = world
        .command("orgs list --retries 0")
        .env("HTTPS_PROXY", &format!("http://{address}"))
        .env("NO_PROXY", "example.com,api.invalid")
        .run();
    assert!(
        screen.stderr().contains("could not be resolved"),
        "{screen}"
    );
    assert!(heard.try_recv().is_err());
}
