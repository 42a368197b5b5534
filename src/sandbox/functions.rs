//! Edge functions and their secrets: kept as they were deployed, and never run. Calling one is
//! answered with an echo that says so.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use bytes::Bytes;
use futures_util::FutureExt;
use jiff::Timestamp;
use ring::digest;
use serde_json::{Value, json};

use super::gateway::Asker;
use super::management::{Route, Row, Rows, elements};
use super::seed;
use super::server::{Asked, Told};
use super::state::written;

pub(super) const ROUTES: &[Row] = &[
    ("GET", "/v1/projects/{}/functions", Route::List(FUNCTIONS)),
    (
        "POST",
        "/v1/projects/{}/functions/deploy",
        Route::Do(deploy),
    ),
    ("GET", "/v1/projects/{}/functions/{}", Route::Get(FUNCTIONS)),
    ("DELETE", "/v1/projects/{}/functions/{}", Route::Do(delete)),
    ("GET", "/v1/projects/{}/functions/{}/body", Route::Do(body)),
    ("GET", "/v1/projects/{}/secrets", Route::List(SECRETS)),
    ("POST", "/v1/projects/{}/secrets", Route::Do(set_secrets)),
    (
        "DELETE",
        "/v1/projects/{}/secrets",
        Route::Do(unset_secrets),
    ),
];

const FUNCTIONS: &Rows = &Rows {
    list: "functions",
    key: "slug",
    missing: "Function not found",
    made: |sent, _, _| sent.clone(),
};

const SECRETS: &Rows = &Rows {
    list: "secrets",
    key: "name",
    missing: "Secret not found",
    made: |sent, _, _| sent.clone(),
};

/// The line between the parts of a body.
const BOUNDARY: &str = "sandbox-part-5d41402abc4b2a76";

/// Secrets that one request may bring.
const MAX_SECRETS: usize = 100;

/// Two functions and two secrets of the shop.
pub(super) fn seed(project: &mut Value) {
    for (slug, verify_jwt, at, source) in [
        (
            "checkout",
            true,
            1_769_421_600_000_i64,
            "Deno.serve(async (request) => {\n  const { items } = await request.json();\n  return Response.json({ count: items.length });\n});\n",
        ),
        (
            "stripe-webhook",
            false,
            1_772_100_000_000,
            "Deno.serve(() => new Response(\"ok\"));\n",
        ),
    ] {
        let settings = json!({"entrypoint_path": "index.ts", "verify_jwt": verify_jwt});
        let files = vec![("index.ts".to_owned(), Bytes::from(source))];
        store(project, slug, &settings, &files, at);
    }
    let at = "2026-02-26T10:00:00.000Z";
    project["secrets"] = json!([
        {"name": "STRIPE_SECRET_KEY", "value": sha256(b"sandbox"), "updated_at": at},
        {"name": "MAIL_FROM", "value": sha256(b"shop@acme.example"), "updated_at": at},
    ]);
}

fn sha256(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    let hex = hash.as_ref().iter();
    hex.fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Takes what was sent in parts: the settings, and each file under its path. The service bundles;
/// here the files stay as they are.
fn deploy(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let Some(slug) = asked.query("slug") else {
        return Told::message(400, "slug: Required");
    };
    let Some(sent) = read_parts(asked) else {
        return Told::message(400, "Multipart: the body is malformed");
    };
    let mut settings = Value::Null;
    let mut files = Vec::new();
    for (name, path, bytes) in sent {
        match (name.as_str(), path) {
            ("metadata", _) => settings = serde_json::from_slice(&bytes).unwrap_or_default(),
            ("file", Some(path)) => files.push((path, bytes)),
            _ => return Told::message(400, &format!("{name}: unexpected part")),
        }
    }
    let Some(entrypoint) = settings["entrypoint_path"].as_str() else {
        return Told::message(400, "metadata.entrypoint_path: Required");
    };
    for path in [Some(entrypoint), settings["import_map_path"].as_str()]
        .into_iter()
        .flatten()
    {
        if !files.iter().any(|(sent, _)| sent == path) {
            let message = format!("Failed to bundle the function (reason: {path} was not found)");
            return Told::message(400, &message);
        }
    }
    let project = &mut state["projects"][parts[0]];
    let made = store(project, slug, &settings, &files, now.as_millisecond());
    Told::json(201, &super::management::shown(&made))
}

/// Keeps a function, as a new one or as the next version.
fn store(
    project: &mut Value,
    slug: &str,
    settings: &Value,
    files: &[(String, Bytes)],
    at: i64,
) -> Value {
    let reference = project["project"]["ref"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let rows = FUNCTIONS.of(project);
    let before = rows.iter().position(|row| row["slug"] == slug);
    let before = before.map_or(Value::Null, |at| rows.remove(at));
    let files: Vec<_> = files
        .iter()
        .map(|(path, bytes)| json!([path, BASE64.encode(bytes)]))
        .collect();
    let mut made = json!({
        "id": seed::uuid(&[&reference, slug]), "slug": slug, "name": settings["name"].as_str().unwrap_or(slug), "status": "ACTIVE",
        "version": before["version"].as_i64().unwrap_or(0) + 1,
        "created_at": before["created_at"].as_i64().unwrap_or(at), "updated_at": at,
        "verify_jwt": settings["verify_jwt"].as_bool().unwrap_or(true),
        "import_map": settings["import_map_path"].is_string(),
        "entrypoint_path": settings["entrypoint_path"],
        "ezbr_sha256": sha256(json!(files).to_string().as_bytes()), "_files": files, "_settings": settings,
    });
    if settings["import_map_path"].is_string() {
        made["import_map_path"] = settings["import_map_path"].clone();
    }
    rows.push(made.clone());
    made
}

/// The parts of a body: name, file name, bytes.
fn read_parts(asked: &Asked) -> Option<Vec<(String, Option<String>, Bytes)>> {
    let boundary = multer::parse_boundary(asked.header("content-type")?).ok()?;
    let body = asked.body.clone();
    let stream = futures_util::stream::once(async move { Ok::<_, std::io::Error>(body) });
    let mut multipart = multer::Multipart::new(stream, boundary);
    // All of the body is here: nothing is waited for.
    async {
        let mut parts = Vec::new();
        while let Some(field) = multipart.next_field().await.ok()? {
            let (name, path) = (
                field.name()?.to_owned(),
                field.file_name().map(str::to_owned),
            );
            parts.push((name, path, field.bytes().await.ok()?));
        }
        Some(parts)
    }
    .now_or_never()?
}

fn delete(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let rows = FUNCTIONS.of(&mut state["projects"][parts[0]]);
    let Some(at) = rows.iter().position(|row| row["slug"] == parts[1]) else {
        return Told::message(404, FUNCTIONS.missing);
    };
    rows.remove(at);
    Told::json(200, &json!({"message": "ok"}))
}

/// The files as they were deployed.
fn body(state: &mut Value, _: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let rows = FUNCTIONS.of(&mut state["projects"][parts[0]]);
    let Some(function) = rows.iter().find(|row| row["slug"] == parts[1]) else {
        return Told::message(404, FUNCTIONS.missing);
    };
    if !asked
        .header("accept")
        .is_some_and(|accept| accept.contains("multipart/form-data"))
    {
        return Told::message(
            501,
            "the sandbox does not bundle: ask for multipart/form-data",
        );
    }
    let mut body = Vec::new();
    let mut part = |head: &str, bytes: &[u8]| {
        body.extend(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n").bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    };
    part(
        "name=\"metadata\"",
        function["_settings"].to_string().as_bytes(),
    );
    for file in function["_files"].as_array().into_iter().flatten() {
        let path = file[0].as_str().unwrap_or_default();
        let name = path.replace('"', "%22");
        let bytes = BASE64.decode(file[1].as_str().unwrap_or_default());
        part(
            &format!("name=\"file\"; filename=\"{name}\"\r\nSupabase-Path: {path}"),
            &bytes.unwrap_or_default(),
        );
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    Told {
        status: 200,
        headers: vec![(
            "content-type",
            format!("multipart/form-data; boundary={BOUNDARY}"),
        )],
        body: body.into(),
        job: None,
    }
}

/// `/project/{ref}/functions/v1/{slug}`: says what came, since nothing runs here.
pub(super) fn invoke(project: &mut Value, asked: &Asked, asker: &Asker) -> Told {
    let slug = asked.segments.get(4).map_or("", String::as_str);
    let rows = FUNCTIONS.of(project);
    let Some(function) = rows.iter().find(|row| row["slug"] == slug) else {
        return Told::json(
            404,
            &json!({"code": "NOT_FOUND", "message": "Requested function was not found"}),
        );
    };
    let is_token = asked.header("authorization").is_some() && matches!(asker, Asker::Role(Some(_)));
    if function["verify_jwt"] == true && !is_token {
        return Told::json(401, &json!({"code": 401, "message": "Invalid JWT"}));
    }
    let keeps =
        |name: &str| !matches!(name, "authorization" | "apikey" | "host" | "content-length");
    let headers: serde_json::Map<_, _> = asked
        .headers
        .iter()
        .filter(|(name, _)| keeps(name))
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    Told::json(
        200,
        &json!({
            "sandbox": "functions do not run here: this is an echo of the call",
            "function": slug, "method": asked.method, "headers": headers, "body": String::from_utf8_lossy(&asked.body),
        }),
    )
}

/// Sets several at once; what was set before is replaced.
fn set_secrets(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let sent = asked.json();
    let sent = sent.as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |secret: &Value| secret["name"].as_str().unwrap_or_default().to_owned();
    if sent.len() > MAX_SECRETS {
        return Told::message(400, "Array must contain at most 100 element(s)");
    }
    if let Some(bad) = sent
        .iter()
        .map(name)
        .find(|name| name.is_empty() || name.starts_with("SUPABASE_"))
    {
        return Told::message(400, &format!("name: Invalid: {bad}"));
    }
    let secrets = elements(&mut state["projects"][parts[0]], SECRETS.list);
    for secret in sent {
        let value = secret["value"].as_str().unwrap_or_default();
        secrets.retain(|known| known["name"] != secret["name"]);
        // Only a digest: the value itself is not told to anybody.
        secrets.push(json!({"name": secret["name"], "value": sha256(value.as_bytes()), "updated_at": written(now)}));
    }
    Told::json(201, &Value::Null)
}

fn unset_secrets(state: &mut Value, _: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let names = asked.json();
    let names = names.as_array().map(Vec::as_slice).unwrap_or_default();
    elements(&mut state["projects"][parts[0]], SECRETS.list)
        .retain(|secret| !names.contains(&secret["name"]));
    Told::json(200, &Value::Null)
}
