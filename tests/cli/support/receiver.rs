//! Somebody who receives what webhooks send, and answers as the path says.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Channel, channel};
use std::time::Duration;

/// Longer than any request takes to come: only so that one that never comes is a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request, byte for byte.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) line: String,
    /// Values by names in lower case.
    pub(crate) headers: BTreeMap<String, Vec<u8>>,
    pub(crate) body: Vec<u8>,
}

/// A server on this machine: `/500` answers with 500, `/nothing` hangs up, `/silent` never answers,
/// `/pieces` sends its answer byte by byte, `/big` answers with 1 MB, `/echo` with what
/// it was sent, `/once` with 503 and from then on with 200; everything else with 200.
pub(crate) struct Receiver {
    address: String,
    requests: Channel<Received>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (arrived, requests) = channel();
        // It ends with the process of the test.
        std::thread::spawn(move || {
            let mut times = 0;
            for stream in listener.incoming().flatten() {
                let Some(request) = receive(&stream) else {
                    continue;
                };
                if request.line.contains("/once") {
                    times += 1;
                }
                answer(stream, &request, times);
                let _ = arrived.send(request);
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request that comes.
    pub(crate) fn next(&self) -> Received {
        self.requests.recv_timeout(PATIENCE).unwrap()
    }

    /// No request has come that was not looked at.
    pub(crate) fn is_idle(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}

fn receive(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut line = |into: &mut Vec<u8>| {
        into.clear();
        reader.read_until(b'\n', into).ok()?;
        while into.last().is_some_and(|byte| b"\r\n".contains(byte)) {
            into.pop();
        }
        Some(())
    };
    let mut bytes = Vec::new();
    line(&mut bytes)?;
    let first = String::from_utf8_lossy(&bytes).into_owned();
    let mut headers = BTreeMap::new();
    loop {
        line(&mut bytes)?;
        if bytes.is_empty() {
            break;
        }
        let at = bytes.iter().position(|byte| *byte == b':')?;
        let name = String::from_utf8_lossy(&bytes[..at]).to_lowercase();
        headers.insert(name, bytes[at + 2..].to_vec());
    }
    let length = headers.get("content-length").map_or(0, |length| {
        String::from_utf8_lossy(length).parse().unwrap_or(0)
    });
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received {
        line: first,
        headers,
        body,
    })
}

fn answer(mut stream: TcpStream, request: &Received, times: usize) {
    let path = request.line.split(' ').nth(1).unwrap_or("/");
    let path = path.split('?').next().unwrap_or(path);
    let (status, body) = match path {
        "/nothing" => return,
        "/silent" => return std::mem::forget(stream),
        "/500" => (500, b"the warehouse is closed".to_vec()),
        "/once" if times == 1 => (503, b"not yet".to_vec()),
        "/big" => (200, vec![b'x'; 1_000_000]),
        "/echo" => {
            let mut all = request
                .headers
                .values()
                .cloned()
                .collect::<Vec<_>>()
                .join(&b'\n');
            all.push(b'\n');
            all.extend_from_slice(&request.body);
            (200, all)
        }
        _ => (200, b"ok".to_vec()),
    };
    let head = format!(
        "HTTP/1.1 {status} Whatever\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    if path == "/pieces" {
        let _ = stream.set_nodelay(true);
        let mut bytes = head.as_bytes().iter().chain(&body);
        let _ = bytes.try_for_each(|byte| stream.write_all(&[*byte]));
        return;
    }
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&body);
}
