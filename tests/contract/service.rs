//! A service that answers one request with what was recorded, and the others that a command sends
//! around it with something plain.

use serde_json::{Value, json};
use wiremock::matchers::{any, method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Set by the server for the body that it sends.
const OWN_HEADERS: &[&str] = &["content-length", "transfer-encoding", "connection", "date"];

/// The server, and the runtime that it was made on.
pub(crate) struct Service {
    runtime: tokio::runtime::Runtime,
    server: MockServer,
}

impl Service {
    /// Starts one with the plain answers of Storage, and of the keys that open it.
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let server = runtime.block_on(MockServer::start());
        let service = Self { runtime, server };
        service.answer_plainly();
        service
    }

    pub(crate) fn address(&self) -> String {
        self.server.uri()
    }

    /// Forgets everything but the plain answers, and answers the next request to a path with a
    /// recorded answer, which must be asked for. `{}` stands for any one part of the path.
    pub(crate) fn next(&self, verb: &str, path: &str, response: &Value) {
        self.runtime.block_on(self.server.reset());
        self.answer_plainly();
        let mock = Mock::given(method(verb))
            .and(path_regex(pattern(path)))
            .respond_with(template(response))
            .up_to_n_times(1)
            .expect(1)
            .with_priority(1);
        self.runtime.block_on(mock.mount(&self.server));
    }

    /// Panics where the recorded answer was not asked for.
    pub(crate) fn was_asked(&self) {
        self.runtime.block_on(self.server.verify());
    }

    fn answer_plainly(&self) {
        let bucket = json!({"id": "t1", "name": "t1", "owner": "", "public": false, "file_size_limit": null, "allowed_mime_types": null, "created_at": "2026-11-22T09:46:42.499Z", "updated_at": "2026-11-22T09:46:42.499Z"});
        let plain = [
            (
                "GET",
                "/v1/projects/{}/api-keys",
                json!([{"name": "default", "type": "secret", "api_key": "sb_secret_recorded", "secret_jwt_template": {"role": "service_role"}}]),
            ),
            ("GET", "/bucket", json!([bucket])),
            ("GET", "/bucket/{}", bucket),
            ("POST", "/bucket", json!({"name": "t1"})),
            (
                "PUT",
                "/bucket/{}",
                json!({"message": "Successfully updated"}),
            ),
            (
                "DELETE",
                "/bucket/{}",
                json!({"message": "Successfully deleted"}),
            ),
            (
                "POST",
                "/bucket/{}/empty",
                json!({"message": "Empty bucket has been queued. Completion may take up to an hour."}),
            ),
            (
                "POST",
                "/object/list-v2/{}",
                json!({"hasNext": false, "folders": [], "objects": []}),
            ),
            ("DELETE", "/object/{}", json!([{"name": "a.txt"}])),
        ];
        for (verb, path, body) in plain {
            self.mount(verb, path, &body, None);
        }
        // One file, which is gone when it is looked for again.
        let one = json!({"hasNext": false, "folders": [], "objects": [{"name": "a.txt"}]});
        self.mount("POST", "/object/list-v2/{}", &one, Some(1));
        let missing = ResponseTemplate::new(404)
            .set_body_json(json!({"message": "nothing was recorded for this"}));
        let missing = Mock::given(any()).respond_with(missing).with_priority(9);
        self.runtime.block_on(missing.mount(&self.server));
    }

    fn mount(&self, verb: &str, path: &str, body: &Value, times: Option<u64>) {
        let mock = Mock::given(method(verb))
            .and(path_regex(pattern(path)))
            .respond_with(ResponseTemplate::new(200).set_body_json(body));
        let mock = match times {
            Some(times) => mock.up_to_n_times(times).with_priority(4),
            None => mock,
        };
        self.runtime.block_on(mock.mount(&self.server));
    }
}

/// Paths of Storage with and without the gateway's prefix: a proxy before it may cut that off.
fn pattern(path: &str) -> String {
    let parts = path.replace("{}", "[^/]+");
    if path.starts_with("/v1/") || path.starts_with("/v2/") {
        format!("^{parts}$")
    } else {
        format!("^(/storage/v1)?{parts}$")
    }
}

/// The recorded status, headers and body.
fn template(response: &Value) -> ResponseTemplate {
    let status = response["status"].as_u64().unwrap();
    let mut template = ResponseTemplate::new(u16::try_from(status).unwrap());
    let headers = response["headers"].as_object().unwrap();
    template = template.set_body_raw(body(response), content_type(response));
    for (name, value) in headers {
        if !OWN_HEADERS.contains(&name.as_str()) && name != "content-type" {
            template = template.append_header(name.as_str(), value.as_str().unwrap());
        }
    }
    template
}

fn content_type(response: &Value) -> &str {
    response["headers"]["content-type"]
        .as_str()
        .unwrap_or_default()
}

/// Whether the recording holds the body as JSON rather than as text.
pub(crate) fn is_json(response: &Value) -> bool {
    content_type(response).contains("json")
}

/// The recorded body as bytes.
pub(crate) fn body(response: &Value) -> Vec<u8> {
    match &response["body"] {
        Value::Null => Vec::new(),
        Value::String(text) if !is_json(response) => text.clone().into_bytes(),
        other => other.to_string().into_bytes(),
    }
}
