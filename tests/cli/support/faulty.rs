//! Servers that fail below HTTP, in ways that a fake service cannot.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};

/// A server that takes each request to its last byte and then misbehaves.
pub(crate) struct Faulty {
    address: String,
    requests: Arc<AtomicUsize>,
    arrivals: Receiver<()>,
}

impl Faulty {
    /// Closes the connection instead of answering.
    pub(crate) fn hangs_up() -> Self {
        Self::start(drop)
    }

    /// Says nothing, ever.
    pub(crate) fn never_answers() -> Self {
        Self::start(std::mem::forget)
    }

    /// Sends these bytes and closes the connection.
    pub(crate) fn says(bytes: &'static str) -> Self {
        Self::start(move |mut stream| {
            let _ = stream.write_all(bytes.as_bytes());
        })
    }

    /// Begins an answer, and then says nothing, ever.
    pub(crate) fn falls_silent() -> Self {
        Self::start(|mut stream| {
            let _ = stream.write_all(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n[",
            );
            std::mem::forget(stream);
        })
    }

    /// Has nothing to list, and closes the connection in the middle of what is sent with a POST.
    pub(crate) fn breaks_uploads_off() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        let (_, arrivals) = channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                let mut head = [0; 5];
                if stream.read_exact(&mut head).is_ok() && head != *b"POST " {
                    let _ = stream.write_all(
                        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n[]",
                    );
                    // What was sent is read to its end, or closing would take the answer back.
                    let _ = stream.read(&mut [0; 4096]);
                }
            }
        });
        Self {
            address,
            requests,
            arrivals,
        }
    }

    /// An address at which nobody listens.
    pub(crate) fn nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    }

    fn start(misbehave: impl Fn(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        let (arrived, arrivals) = channel();
        // It ends with the process of the test.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if take_request(&stream).is_some() {
                    counter.fetch_add(1, Ordering::SeqCst);
                    let _ = arrived.send(());
                    misbehave(stream);
                }
            }
        });
        Self {
            address,
            requests,
            arrivals,
        }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Returns when a request has come.
    pub(crate) fn has_a_request(&self) {
        self.arrivals.recv().unwrap();
    }

    /// How many requests have come so far.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Reads one request to its end.
fn take_request(stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()
}
