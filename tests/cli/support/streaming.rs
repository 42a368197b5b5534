//! A function that answers bit by bit, when it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

/// A project's gateway with one function, which comes to its end when this is dropped, and the Management API that gives out its keys.
pub(crate) struct Streaming {
    address: String,
    pieces: Sender<&'static str>,
}

impl Streaming {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (pieces, to_say) = channel();
        // It ends with the process of the test.
        std::thread::spawn(move || {
            let mut to_say = Some(to_say);
            for stream in listener.incoming().flatten() {
                answer(stream, &mut to_say);
            }
        });
        Self { address, pieces }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Lets the function say something more.
    pub(crate) fn says(&self, piece: &'static str) {
        self.pieces.send(piece).unwrap();
    }
}

/// Answers one request and closes. The function says what comes through the channel until it closes.
fn answer(mut stream: TcpStream, to_say: &mut Option<Receiver<&'static str>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while reader.read_line(&mut head).unwrap() > 2 {}
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |text| text.parse().unwrap());
    reader.read_exact(&mut vec![0; length]).unwrap();
    let json = match head.split_whitespace().nth(1).unwrap() {
        path if path.ends_with("/legacy") => r#"{"enabled":false}"#,
        path if path.ends_with("/api-keys") => {
            r#"[{"id":"1","name":"default","type":"publishable","api_key":"sb_publishable_x"}]"#
        }
        _ => {
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            for piece in to_say.take().into_iter().flatten() {
                stream.write_all(piece.as_bytes()).unwrap();
            }
            return;
        }
    };
    let length = json.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{json}"
    );
    stream.write_all(answer.as_bytes()).unwrap();
}
