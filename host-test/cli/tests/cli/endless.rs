//! Servers whose listing of groups has no end, or takes too long.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::command::command;

const USER: &str = r#"{"id":"user_1","email":"ada@example.com","active":true,"is_admin":false}"#;

/// Starts a server of `/api/v2` with one user, who is in every group, and whose record does not
/// contain the groups. The listing has this many groups, and may grow each time that it is read.
/// Returns its URL, and the number of writes.
fn start(groups: usize, grows: bool) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    thread::spawn(move || {
        let count = Arc::new(AtomicUsize::new(groups));
        for stream in listener.incoming() {
            let (count, writes) = (Arc::clone(&count), Arc::clone(&counted));
            let stream = stream.expect("a connection");
            thread::spawn(move || serve(stream, &count, grows, &writes));
        }
    });
    (url, writes)
}

/// Answers the requests of a connection until the client closes it.
fn serve(stream: TcpStream, count: &AtomicUsize, grows: bool, writes: &AtomicUsize) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    loop {
        let request = lines.next()?.ok()?;
        while !lines.next()?.ok()?.is_empty() {}
        let path = request.split([' ', '?']).nth(1)?;
        let body = match path {
            _ if !request.starts_with("GET ") => {
                writes.fetch_add(1, Ordering::Relaxed);
                String::new()
            }
            "/api/v2/groups" => {
                // The component reads the whole listing for each page.
                let count = count.fetch_add(usize::from(grows), Ordering::Relaxed);
                list(&(0..count).map(group).collect::<Vec<_>>().join(","))
            }
            path if path.starts_with("/api/v2/users/") => {
                format!(r#"{{"success":true,"data":{USER}}}"#)
            }
            path if path.starts_with("/api/v2/users") => list(USER),
            _ => list(""),
        };
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json";
        let length = body.len();
        write!(&stream, "{head}\r\ncontent-length: {length}\r\n\r\n{body}").ok()?;
    }
}

fn group(id: usize) -> String {
    let member = r#"{"id":"user_1","email":"ada@example.com"}"#;
    format!(r#"{{"id":{id},"name":"Group {id}","members":[{member}]}}"#)
}

fn list(items: &str) -> String {
    format!(r#"{{"success":true,"data":[{items}],"has_more":false,"next_token":null}}"#)
}

/// Runs a deprovision that must fail before anything is written, and returns its stderr.
fn fails(url: &str, writes: &AtomicUsize, deadline_ms: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let output = command()
        .args(["deprovision", "--api=v2", "--email=ada@example.com", "--tombstone"])
        .arg(folder.path().join("ada.json"))
        .args(["--base-url", url])
        .env("RETOOL_API_TOKEN", "a-token")
        .env("RETOOL_DEADLINE_MS", deadline_ms)
        .env("RETOOL_PAGE_SIZE", "1")
        .output()
        .expect("the command");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(writes.load(Ordering::Relaxed), 0);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_record_of_a_person_is_not_read_past_the_deadline_and_nothing_is_written() {
    let (url, writes) = start(5_000, false);
    let stderr = fails(&url, &writes, "1500");
    assert!(stderr.contains("could not be read within 1500 ms; nothing was written"), "{stderr}");
}

#[test]
fn a_record_is_not_made_of_a_listing_that_does_not_add_up() {
    let (url, writes) = start(2, true);
    let stderr = fails(&url, &writes, "600000");
    assert!(stderr.contains("the server's listing of groups is not complete"), "{stderr}");
}
