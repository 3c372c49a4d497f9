//! Searches all of the component's memory for the token, while the component waits and after the
//! call.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wasmtime::component::Component;
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, LinearMemory, MemoryCreator, MemoryType,
};

use crate::retool::types::Dialect;
use crate::{Host, TenantOptions, requests};

const TOKEN: &str = "a-token-that-is-nowhere-else-6f1c";
const PLACEHOLDER: &str = "placeholder-for-RETOOL_API_TOKEN";

/// The maximum linear memory of an instance in this test. It is all zero at first.
const MOST: usize = 16 << 20;

/// The bytes of one memory. They never move, and outlive the instance.
struct Bytes(*mut [u8]);

// SAFETY: the one instance and the test that reads its memory take turns on one thread.
unsafe impl Send for Bytes {}
// SAFETY: as above.
unsafe impl Sync for Bytes {}

impl Bytes {
    fn new() -> Bytes {
        Bytes(Box::into_raw(vec![0; MOST].into_boxed_slice()))
    }

    fn hold(&self, text: &str) -> bool {
        // SAFETY: the bytes live until `self` is dropped, and nothing writes while this reads.
        let bytes = unsafe { &*self.0 };
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == text.as_bytes()[0]) {
            rest = &rest[at..];
            if rest.starts_with(text.as_bytes()) {
                return true;
            }
            rest = &rest[1..];
        }
        false
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `Box::into_raw`, and nothing refers to it any more.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

struct Memory {
    bytes: Arc<Bytes>,
    size: usize,
}

// SAFETY: the base never moves, and the bytes up to the capacity are readable and writable for
// as long as this lives.
unsafe impl LinearMemory for Memory {
    fn byte_size(&self) -> usize {
        self.size
    }

    fn byte_capacity(&self) -> usize {
        self.bytes.0.len()
    }

    fn grow_to(&mut self, size: usize) -> wasmtime::Result<()> {
        wasmtime::ensure!(size <= self.byte_capacity(), "the memory of the test is full");
        self.size = size;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.bytes.0.cast()
    }
}

/// Creates the memories of an engine, and keeps them.
#[derive(Clone, Default)]
struct Memories(Arc<Mutex<Vec<Arc<Bytes>>>>);

// SAFETY: a memory is at least as large as requested. The engine is configured without
// reservations and guard pages, so there are none to provide.
unsafe impl MemoryCreator for Memories {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        _: Option<usize>,
        _: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let bytes = Arc::new(Bytes::new());
        self.0.lock().map_err(|error| error.to_string())?.push(Arc::clone(&bytes));
        Ok(Box::new(Memory { bytes, size: minimum }))
    }
}

impl Memories {
    fn hold(&self, text: &str) -> bool {
        let memories = self.0.lock().expect("memories");
        assert!(!memories.is_empty(), "the component has no memory");
        memories.iter().any(|bytes| bytes.hold(text))
    }
}

fn host(memories: &Memories) -> Host {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .concurrency_support(false)
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        .memory_init_cow(false)
        .memory_reservation(0)
        .memory_guard_size(0)
        .memory_reservation_for_growth(0)
        .with_host_memory(Arc::new(memories.clone()));
    let engine = Engine::new(&config).expect("an engine");
    Host::on(&engine, |engine| Component::from_binary(engine, Host::embedded_component()), 1)
        .expect("a host")
}

/// What was observed in one call.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// The `Authorization` header that the server received.
    sent: String,
    token_while_waiting: bool,
    token_afterwards: bool,
    placeholder_afterwards: bool,
}

/// Calls `find-user` on a server that rejects the token and repeats it in its answer, with this
/// status and spelling. Searches the component's memory before the answer and after the call.
async fn called(
    make: impl FnOnce(TenantOptions) -> TenantOptions,
    status: u16,
    spelled: &str,
) -> Found {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    let memories = Memories::default();
    let options = TenantOptions::new(format!("http://{address}"))
        .dialect(Dialect::V1)
        .env("RETOOL_API_TOKEN", TOKEN);
    let tenant = host(&memories).tenant(make(options));

    let serve = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("a request"));
        }
        let head = String::from_utf8(head).expect("UTF-8");
        let sent = head.lines().find_map(|line| line.strip_prefix("authorization: "));
        let waiting = memories.hold(TOKEN);
        let body = format!(r#"{{"success":false,"message":"{spelled} is not known"}}"#);
        let answer = format!(
            "HTTP/1.1 {status} Whatever\r\ncontent-type: application/json\r\n\
             x-request-id: {TOKEN}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.expect("an answer");
        (sent.expect("credentials").to_owned(), waiting)
    };
    let ada = requests::by_email("ada@example.com");
    let (answer, (sent, token_while_waiting)) = tokio::join!(tenant.find_user(&ada), serve);
    let error = answer.expect("the host").expect_err("a refusal");
    assert!(!format!("{error:?}").contains(TOKEN), "{error:?}");
    assert!(!tenant.log().concat().contains(TOKEN));
    Found {
        sent,
        token_while_waiting,
        token_afterwards: memories.hold(TOKEN),
        placeholder_afterwards: memories.hold(PLACEHOLDER),
    }
}

#[tokio::test]
async fn an_injected_token_is_nowhere_in_the_components_memory() {
    let escaped = TOKEN.replace("nowhere", "n\\u006fwh\\u0065re");
    for (status, spelled) in [(401, TOKEN), (401, &escaped), (200, TOKEN), (200, &escaped)] {
        let found = called(TenantOptions::inject_credentials, status, spelled).await;
        let expected = Found {
            sent: format!("Bearer {TOKEN}"),
            token_while_waiting: false,
            token_afterwards: false,
            placeholder_afterwards: true,
        };
        assert_eq!(found, expected, "{status}, {spelled}");
    }
}

#[tokio::test]
async fn a_token_in_the_environment_is_found_in_the_components_memory() {
    let found = called(|options| options, 401, TOKEN).await;
    let expected = Found {
        sent: format!("Bearer {TOKEN}"),
        token_while_waiting: true,
        token_afterwards: true,
        placeholder_afterwards: false,
    };
    assert_eq!(found, expected);
}
