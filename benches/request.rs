//! How long one request takes from spawn to exit, against a service in this process; how long an
//! answer that was kept takes; what long lists take, in time and in memory, in each format; and how
//! many cached answers one process gives in a second.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, finds programs, and may fail"
)]

mod measure;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use measure::{Case, budget, measure, measure_some};
use serde_json::{Value, json};

/// Lists whose memory is measured: how many projects, the format, the budget in MB.
const LISTS: &[(usize, &str, f64)] = &[
    (3, "table", 15.0),
    (1_000, "table", 15.0),
    (1_000, "json", 15.0),
    (10_000, "table", 60.0),
    (10_000, "json", 60.0),
    (10_000, "yaml", 60.0),
    (10_000, "csv", 60.0),
    (10_000, "ndjson", 60.0),
];

/// Runs of the program within one process, for the rate of cached answers.
const WITHIN: u32 = 2_000;

/// Set for the process that counts them.
const WITHIN_VARIABLE: &str = "SUPACTL_BENCH_WITHIN";

const TOKEN: &str = "sbp_0123456789abcdef0123456789abcdef01234567";

fn main() {
    if std::env::var_os(WITHIN_VARIABLE).is_some() {
        within();
        return;
    }
    let address = serve();
    let folder = std::env::temp_dir().join(format!("supactl-bench-{}", std::process::id()));
    let environment = |projects: usize| {
        [
            ("SUPACTL_API_URL", format!("{address}/{projects}")),
            ("SUPABASE_ACCESS_TOKEN", TOKEN.to_owned()),
            ("SUPACTL_CACHE_DIR", folder.display().to_string()),
        ]
    };
    let list = |projects: usize, format: &str| {
        Case::supactl(
            &format!("projects list --no-cache -o {format}"),
            &environment(projects),
        )
    };
    let mut cases = vec![
        list(3, "table").called("projects list"),
        list(3, "json").called("projects list -o json"),
        list(1_000, "json").called("projects list -o json, 1,000 projects"),
        Case::supactl("projects list", &environment(3)).called("projects list, cached answer"),
    ];
    let curl = format!("-s -H authorization:{TOKEN} {address}/3/v1/projects");
    let curl = Case::installed("curl", &curl).map(|case| case.called("(curl for the same)"));
    let compared = curl.is_some();
    cases.extend(curl);
    let times = measure(&cases);
    println!();
    let took = times[0].median_ms();
    budget("projects list", Some(took), 8.0, "ms");
    let ratio = compared.then(|| took / times[4].median_ms());
    budget("projects list to curl", ratio, 1.5, "times");
    budget("a cached answer", Some(times[3].median_ms()), 4.0, "ms");
    budget(
        "time of a cached answer, one process",
        rate(&environment(3)).map(|rate| 1e3 / rate),
        1.0,
        "ms (1,000 a second)",
    );
    let long: Vec<Case> = ["table", "json", "yaml", "csv", "ndjson"]
        .map(|format| list(10_000, format).called(&format!("10,000 projects as {format}")))
        .into();
    println!();
    measure_some(&long, 20);
    println!();
    for (projects, format, most) in LISTS {
        #[expect(clippy::cast_precision_loss, reason = "kilobytes of this program fit")]
        let memory = list(*projects, format)
            .peak_memory_kb()
            .map(|kilobytes| kilobytes as f64 / 1000.0);
        let what = format!("memory of {projects} projects as {format}");
        budget(&what, memory, *most, "MB");
    }
}

/// Runs the program many times within this process and tells how many were done in a second.
fn within() {
    let run = || supactl::run(["supactl", "projects", "list", "-q"].map(Into::into));
    let _ = run();
    let started = std::time::Instant::now();
    for _ in 0..WITHIN {
        let _ = run();
    }
    let rate = f64::from(WITHIN) / started.elapsed().as_secs_f64();
    let _ = writeln!(std::io::stderr(), "{rate}");
}

/// Has another process do it, whose standard output goes nowhere.
fn rate(environment: &[(&'static str, String)]) -> Option<f64> {
    let output = std::process::Command::new(std::env::current_exe().ok()?)
        .env_clear()
        .env("HOME", std::env::temp_dir())
        .env(WITHIN_VARIABLE, "1")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdout(std::process::Stdio::null())
        .output()
        .ok()?;
    String::from_utf8(output.stderr).ok()?.trim().parse().ok()
}

/// Serves lists of projects on a thread, as many as the first part of the path says.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on the loopback");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    // The answers are made before they are timed.
    let answers: Vec<(usize, Vec<u8>)> = [3, 1_000, 10_000]
        .map(|projects| (projects, answer(projects)))
        .into();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away is no failure of the service.
            let _ = respond(&stream, &answers);
        }
    });
    address
}

fn respond(mut stream: &TcpStream, answers: &[(usize, Vec<u8>)]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let projects = first.split('/').nth(1).and_then(|part| part.parse().ok());
    let found = answers.iter().find(|(size, _)| Some(*size) == projects);
    stream.write_all(found.map_or(b"HTTP/1.1 404 Not Found\r\n\r\n", |(_, answer)| answer))
}

/// A whole answer with so many projects, as the service describes them.
fn answer(projects: usize) -> Vec<u8> {
    let projects: Vec<Value> = (0..projects).map(project).collect();
    let body = json!(projects).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head, body].concat().into_bytes()
}

fn project(number: usize) -> Value {
    let reference: String = format!("{number:020}")
        .bytes()
        .map(|digit| char::from(digit - b'0' + b'a'))
        .collect();
    json!({
        "id": reference,
        "ref": reference,
        "organization_id": "tsrqponmlkjihgfedcba",
        "organization_slug": "tsrqponmlkjihgfedcba",
        "name": format!("project {number}"),
        "region": "eu-central-1",
        "status": "ACTIVE_HEALTHY",
        "database": {"host": format!("db.{reference}.supabase.co"), "version": "17.6.1.021", "postgres_engine": "17", "release_channel": "ga"},
        "created_at": format!("2026-01-01T00:00:{:02}.000000Z", number % 60),
    })
}
