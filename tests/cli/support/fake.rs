//! A wiremock server that speaks in endpoints of Supabase.

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wiremock::matchers::{any, body_json, header, method, query_param, query_param_is_missing};
use wiremock::{Mock, MockBuilder, MockServer, Request, ResponseTemplate};

use super::world::{Run, World};
use super::{KEYS, REF, Screen};

/// The Management API and a project's gateway on one port, and the world that a program sees them from.
///
/// What was promised of the requests is checked when it goes out of scope, and a request that nothing
/// was said about fails the test.
pub(crate) struct FakeSupabase {
    server: MockServer,
    world: World,
    unexpected: Arc<Mutex<Vec<String>>>,
}

impl FakeSupabase {
    pub(crate) fn start() -> Self {
        let server = wait(MockServer::builder().start());
        let mut world = World::new();
        world.is_served_by(&server.address().to_string());
        let unexpected = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&unexpected);
        let fallback = Mock::given(any())
            .respond_with(move |request: &Request| {
                let told = tell(request);
                seen.lock().unwrap().push(told.clone());
                ResponseTemplate::new(404)
                    .set_body_json(json!({"message": format!("nobody expected {told}")}))
            })
            .with_priority(255);
        wait(server.register(fallback));
        Self {
            server,
            world,
            unexpected,
        }
    }

    /// One whose project reveals a secret key to the token, as the Storage commands need it.
    pub(crate) fn with_keys() -> Self {
        let supabase = Self::start();
        supabase
            .on("GET", KEYS)
            .with_query("reveal", "true")
            .answers(200, "keys.json");
        supabase
    }

    /// Begins to say how a request is answered. Paths of the project's own APIs are those on its
    /// gateway.
    pub(crate) fn on(&self, verb: &str, path: &str) -> Endpoint<'_> {
        let path = if path.starts_with("/v1/") || path.starts_with("/v2/") {
            path.to_owned()
        } else {
            format!("/gw/{REF}{path}")
        };
        let matcher = move |request: &Request| request.url.path() == path;
        Endpoint {
            supabase: self,
            given: Mock::given(method(verb)).and(matcher),
        }
    }

    /// Runs the program in the world of this service.
    pub(crate) fn run(&self, line: &str) -> Screen {
        self.command(line).run()
    }

    /// Prepares to run the program in the world of this service.
    pub(crate) fn command(&self, line: &str) -> Run<'_> {
        self.world.command(line)
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        wait(self.server.received_requests()).unwrap()
    }

    /// All requests so far, a line each.
    pub(crate) fn conversation(&self) -> String {
        let lines: Vec<_> = self.requests().iter().map(tell).collect();
        lines.join("\n")
    }
}

impl Drop for FakeSupabase {
    fn drop(&mut self) {
        let unexpected = std::mem::take(&mut *self.unexpected.lock().unwrap());
        if !std::thread::panicking() {
            assert!(
                unexpected.is_empty(),
                "requests that nothing was said about: {unexpected:#?}"
            );
        }
    }
}

/// A request, as it is told in a test.
fn tell(request: &Request) -> String {
    let mut told = format!("{} {}", request.method, request.url.path());
    if let Some(query) = request.url.query() {
        told.push_str(&format!("?{query}"));
    }
    if !request.body.is_empty() {
        told.push_str(&format!(" {}", String::from_utf8_lossy(&request.body)));
    }
    told
}

/// A request that is about to be answered.
#[must_use = "say how it is answered"]
pub(crate) struct Endpoint<'a> {
    supabase: &'a FakeSupabase,
    given: MockBuilder,
}

impl<'a> Endpoint<'a> {
    pub(crate) fn with_query(mut self, key: &str, value: &str) -> Self {
        self.given = self.given.and(query_param(key, value));
        self
    }

    pub(crate) fn without_query(mut self, key: &str) -> Self {
        self.given = self.given.and(query_param_is_missing(key));
        self
    }

    /// With exactly this body.
    pub(crate) fn with_body(mut self, body: Value) -> Self {
        self.given = self.given.and(body_json(body));
        self
    }

    /// Of which this is true.
    pub(crate) fn that(mut self, is: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        self.given = self.given.and(is);
        self
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.given = self.given.and(header(name, value));
        self
    }

    pub(crate) fn without_header(mut self, name: &'static str) -> Self {
        self.given = self
            .given
            .and(move |request: &Request| !request.headers.contains_key(name));
        self
    }

    /// Answers with a file of `tests/cli/answers`, with JSON, or with something else `Said`.
    pub(crate) fn answers(self, status: u16, said: impl Into<Said>) -> Answer<'a> {
        Answer {
            supabase: self.supabase,
            given: Some(self.given),
            template: said.into().template(status),
            times: None,
        }
    }

    /// Fails the test should it be sent.
    pub(crate) fn never(self) {
        drop(
            self.answers(404, json!({"message": "this was not to be sent"}))
                .times(0),
        );
    }
}

/// What is answered.
pub(crate) enum Said {
    /// A file of `tests/cli/answers`.
    File(&'static str),
    Json(Value),
    /// Bytes of some type.
    Raw(Vec<u8>, &'static str),
    Nothing,
}

impl Said {
    pub(crate) fn html(text: &str) -> Self {
        Self::Raw(text.as_bytes().to_vec(), "text/html")
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Raw(text.as_bytes().to_vec(), "text/plain")
    }

    fn template(self, status: u16) -> ResponseTemplate {
        let template = ResponseTemplate::new(status);
        match self {
            Self::File(name) => {
                let file = Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("tests/cli/answers")
                    .join(name);
                let text = std::fs::read_to_string(&file)
                    .unwrap_or_else(|error| panic!("tests/cli/answers/{name}: {error}"));
                template.set_body_raw(text, "application/json")
            }
            Self::Json(value) => template.set_body_json(value),
            Self::Raw(bytes, kind) => template.set_body_raw(bytes, kind),
            Self::Nothing => template,
        }
    }
}

impl From<&'static str> for Said {
    fn from(file: &'static str) -> Self {
        Self::File(file)
    }
}

impl From<Value> for Said {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

/// An answer that takes effect at the end of its statement.
pub(crate) struct Answer<'a> {
    supabase: &'a FakeSupabase,
    given: Option<MockBuilder>,
    template: ResponseTemplate,
    times: Option<u64>,
}

impl Answer<'_> {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.template = self.template.clone().insert_header(name, value);
        self
    }

    /// Exactly once: the same request is answered by what is said of it next, if anything is.
    pub(crate) fn once(self) {
        drop(self.times(1));
    }

    /// Exactly so many times.
    pub(crate) fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        let Some(given) = self.given.take() else {
            return;
        };
        let mut mock = given.respond_with(self.template.clone());
        if let Some(times) = self.times {
            mock = mock.expect(times);
            if times > 0 {
                mock = mock.up_to_n_times(times);
            }
        }
        wait(self.supabase.server.register(mock));
    }
}

/// Waits for wiremock, whose server has a thread and a runtime of its own, so that tests need none.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}
