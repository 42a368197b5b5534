//! How many rows of the logs a second go from the text of a page to NDJSON, and what memory a
//! million of them and an hour of following take.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, finds programs, and may fail"
)]

#[expect(dead_code, reason = "runs are not timed here")]
mod measure;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use measure::{Case, budget};
use serde_json::json;

/// What the service sends at most.
const PAGE: i64 = 1000;

/// Rows that the server here has: as many as it is asked for.
const MILLION: i64 = 1_000_000;

/// Where they begin, in microseconds.
const START: i64 = 1_795_341_600_000_000;

fn main() {
    let page = page(START);
    let rate = rate(&page);
    println!("{} bytes a page of {PAGE} rows", page.len());
    // Too few is what must not be: the budget is the time that a row may take.
    budget("log rows to NDJSON, a million", Some(1e6 / rate), 5.0, "s");
    println!("                 that is {rate:.0} rows/s, of at least 200,000");

    let address = serve();
    let environment = [
        ("SUPACTL_API_URL", address),
        ("SUPACTL_CACHE_DIR", folder("cache")),
        ("SUPABASE_PROJECT_ID", "abcdefghijklmnopqrst".to_owned()),
        (
            "SUPABASE_ACCESS_TOKEN",
            "sbp_0123456789abcdef0123456789abcdef01234567".to_owned(),
        ),
    ];
    let range = "--since 2026-11-22T09:00:00Z --until 2026-11-22T12:00:00Z";
    for format in ["ndjson", "csv", "table"] {
        let line = format!("logs api list {range} --limit 0 --reverse -o {format}");
        memory(
            &Case::supactl(&line, &environment),
            &format!("memory of a million rows as {format}"),
        );
    }
    let sandbox = [
        ("SUPACTL_STATE_DIR", folder("state")),
        ("SUPACTL_CACHE_DIR", folder("cache")),
    ];
    for (looks, time) in [(36, "six minutes"), (360, "an hour")] {
        let line =
            format!("--profile sandbox logs api list --follow --max-requests {looks} -o ndjson");
        memory(
            &Case::supactl(&line, &sandbox),
            &format!("memory of {time} of --follow"),
        );
    }
}

fn folder(name: &str) -> String {
    let folder =
        std::env::temp_dir().join(format!("supactl-bench-logs-{}-{name}", std::process::id()));
    folder
        .to_str()
        .expect("a temporary folder is text")
        .to_owned()
}

fn memory(case: &Case, what: &str) {
    #[expect(clippy::cast_precision_loss, reason = "kilobytes of this program fit")]
    let memory = case
        .peak_memory_kb()
        .map(|kilobytes| kilobytes as f64 / 1000.0);
    budget(what, memory, 15.0, "MB");
}

/// Rows a second, the best of several tries: what else the machine does is not the program's.
fn rate(page: &str) -> f64 {
    let mut best = f64::MAX;
    let mut out = Vec::new();
    for _ in 0..if std::env::args().any(|argument| argument == "--bench") {
        60
    } else {
        1
    } {
        out.clear();
        let started = Instant::now();
        let rows = supactl::log_page_to_ndjson(page.as_bytes(), &mut out);
        let took = started.elapsed().max(Duration::from_nanos(1));
        assert_eq!(rows, 1000, "the page is read");
        best = best.min(took.as_secs_f64());
    }
    1000.0 / best
}

/// A page as the service sends it, from a time on, a row each ten milliseconds.
fn page(from: i64) -> String {
    let row = |number: i64| {
        let micros = from + number * 10_000;
        json!({
            "log_id": format!("{:08x}-1e3a-4c5b-9d8e-7f6a5b4c3d2e", micros / 10_000 % 0x1_0000_0000),
            "ts_us": micros, "source": "edge_logs", "method": "GET", "path": "/rest/v1/todos", "query": "?select=*&order=id",
            "status_code": 200, "duration_ms": 87.0, "ip": "203.0.113.7", "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36",
            "country": "DE", "auth_user": "c4e8a7b2-60fd-4d19-b3c5-5a9f2e1d8c60", "proxy_status": "", "cf_ray": "7ac6d98c6d4558de",
        })
    };
    let rows: Vec<_> = (0..PAGE).map(row).collect();
    json!({"result": rows, "error": null}).to_string()
}

/// Serves a million rows, oldest first, each page after the last row that the question names.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on the loopback");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let sent = Arc::new(AtomicI64::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away is no failure of the service.
            let _ = respond(&stream, &sent);
        }
    });
    address
}

fn respond(mut stream: &TcpStream, sent: &AtomicI64) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    // A question without a cursor begins anew.
    if !first.contains("toString%28id%29+%3E") {
        sent.store(0, Ordering::SeqCst);
    }
    let number = sent.fetch_add(PAGE, Ordering::SeqCst);
    let body = if number < MILLION {
        page(START + number * 10_000)
    } else {
        json!({"result": [], "error": null}).to_string()
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-ratelimit-limit: 1000000\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}
