//! The Storage server: buckets and objects, with its own way of refusing.
//!
//! Nearly every refusal is HTTP 400 with the true status in the body, as a string. Checked against
//! recorded answers of the real server (version 1.11.2).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::checks::{
    coerced_flag, coerced_size, coerced_text, invalid, is_bucket_name, is_mime_type, no_bucket,
    not_allowed, refuse, too_large, unsupported_type,
};
use super::gateway::Asker;
use super::management::elements;
use super::server::{Asked, Told};
use super::state::written;

/// What is behind one request.
pub(super) struct Scope<'a> {
    pub(super) project: &'a mut Value,
    pub(super) now: String,
    pub(super) asked: &'a Asked,
    pub(super) asker: &'a Asker,
}

pub(super) type Answer = Result<Told, Told>;

pub(super) fn answer(project: &mut Value, now: Timestamp, asked: &Asked, asker: &Asker) -> Told {
    let mut scope = Scope {
        project,
        now: written(now),
        asked,
        asker,
    };
    // Behind `/project/{ref}/storage/v1`.
    let path: Vec<&str> = asked.segments.iter().skip(4).map(String::as_str).collect();
    scope.route(&path).unwrap_or_else(|refusal| refusal)
}

impl Scope<'_> {
    fn route(&mut self, path: &[&str]) -> Answer {
        let method = self.asked.method.as_str();
        match (method, path) {
            ("GET", ["version"]) => return Ok(text(200, "text/plain", "1.11.2")),
            ("GET", ["status"]) => return Ok(text(200, "text/plain", "")),
            ("GET", ["object", "public", bucket, key @ ..]) => {
                return self.download_public(bucket, &key.join("/"));
            }
            _ => {}
        }
        if !is_route(method, path) {
            return Err(no_route(method, path));
        }
        match self.asker {
            Asker::Nobody => {
                return Err(invalid(
                    "headers must have required property 'authorization'",
                ));
            }
            Asker::Refused(reason) => {
                return Err(refuse(403, "Unauthorized", reason, "AccessDenied"));
            }
            Asker::Role(_) => {}
        }
        match (method, path) {
            ("GET", ["bucket"]) => self.list_buckets(),
            ("POST", ["bucket"]) => self.create_bucket(),
            ("GET" | "HEAD", ["bucket", id]) => self.get_bucket(id),
            ("PUT", ["bucket", id]) => self.update_bucket(id),
            ("DELETE", ["bucket", id]) => self.delete_bucket(id),
            ("POST", ["bucket", id, "empty"]) => self.empty_bucket(id),
            ("POST", ["object", "list", bucket]) => self.list_objects(bucket),
            ("POST", ["object", "list-v2", bucket]) => self.list_objects_v2(bucket),
            ("POST", ["object", "move"]) => self.move_object(),
            ("POST", ["object", "copy"]) => self.copy_object(),
            ("POST", ["object", "sign", bucket, key @ ..]) => self.sign(bucket, &key.join("/")),
            ("GET", ["object", "info", bucket, key @ ..]) => self.info(bucket, &key.join("/")),
            (
                "GET",
                ["object", "authenticated", bucket, key @ ..] | ["object", bucket, key @ ..],
            ) => self.download(bucket, &key.join("/")),
            ("POST" | "PUT", ["object", bucket, key @ ..]) => self.upload(bucket, &key.join("/")),
            ("DELETE", ["object", bucket]) => self.delete_objects(bucket),
            ("DELETE", ["object", bucket, key @ ..]) => self.delete_object(bucket, &key.join("/")),
            _ => Err(no_route(method, path)),
        }
    }

    pub(super) fn buckets(&mut self) -> &mut Vec<Value> {
        elements(self.project, "buckets")
    }

    pub(super) fn objects(&mut self) -> &mut Vec<Value> {
        elements(self.project, "objects")
    }

    /// A bucket that the asker may see: without a policy only those with all rights see any.
    pub(super) fn bucket(&mut self, id: &str) -> Result<&mut Value, Told> {
        if !self.asker.is_service() {
            return Err(no_bucket());
        }
        self.buckets()
            .iter_mut()
            .find(|bucket| bucket["id"] == id)
            .ok_or_else(no_bucket)
    }

    fn list_buckets(&mut self) -> Answer {
        let number = |name: &str, least: i64| match self.asked.query(name).map(str::parse::<i64>) {
            None => Ok(None),
            Some(Err(_)) => Err(invalid(&format!("querystring/{name} must be integer"))),
            Some(Ok(number)) if number < least => {
                Err(invalid(&format!("querystring/{name} must be >= {least}")))
            }
            Some(Ok(number)) => Ok(usize::try_from(number).ok()),
        };
        let (limit, offset) = (number("limit", 1)?, number("offset", 0)?);
        let choice = |name: &str, known: &[&str]| match self.asked.query(name) {
            Some(other) if !known.contains(&other) => Err(invalid(&format!(
                "querystring/{name} must be equal to one of the allowed values"
            ))),
            other => Ok(other.map(str::to_owned)),
        };
        let column = choice("sortColumn", &["id", "name", "created_at", "updated_at"])?;
        let order = choice("sortOrder", &["asc", "desc"])?;
        if !self.asker.is_service() {
            return Ok(Told::json(200, &json!([])));
        }
        let search = self
            .asked
            .query("search")
            .unwrap_or_default()
            .to_lowercase();
        let mut rows = self.buckets().clone();
        rows.retain(|row| {
            row["type"] == "STANDARD"
                && row["name"]
                    .as_str()
                    .is_some_and(|name| name.to_lowercase().contains(&search))
        });
        if let Some(column) = column {
            rows.sort_by(|one, other| one[&column].as_str().cmp(&other[&column].as_str()));
        }
        if order.as_deref() == Some("desc") {
            rows.reverse();
        }
        let rows: Vec<Value> = rows
            .into_iter()
            .skip(offset.unwrap_or(0))
            .take(limit.unwrap_or(usize::MAX))
            .collect();
        Ok(Told::json(200, &json!(rows)))
    }

    fn get_bucket(&mut self, id: &str) -> Answer {
        let mut bucket = self.bucket(id)?.clone();
        // Told in the list only.
        if let Some(bucket) = bucket.as_object_mut() {
            bucket.shift_remove("type");
        }
        Ok(Told::json(200, &bucket))
    }

    fn create_bucket(&mut self) -> Answer {
        let body = self.body()?;
        let name = match body.get("name") {
            None => return Err(invalid("body must have required property 'name'")),
            Some(name) => coerced_text(name),
        };
        let public = coerced_flag(&body, "public")?.unwrap_or(false);
        let limit = coerced_size(&body)?;
        let kind = match body
            .get("type")
            .map(|kind| kind.as_str().unwrap_or_default())
        {
            None | Some("STANDARD") => "STANDARD",
            Some("ANALYTICS") => "ANALYTICS",
            Some(_) => {
                return Err(invalid(
                    "body/type must be equal to one of the allowed values",
                ));
            }
        };
        let id = body.get("id").map_or_else(|| name.clone(), coerced_text);
        if !is_bucket_name(&name) || !is_bucket_name(&id) {
            return Err(refuse(
                400,
                "Invalid Input",
                "Bucket name invalid",
                "InvalidBucketName",
            ));
        }
        if !self.asker.is_service() {
            return Err(not_allowed());
        }
        let types = Self::checked_types(&body)?;
        self.check_limit(limit)?;
        if self
            .buckets()
            .iter()
            .any(|bucket| bucket["id"] == id.as_str())
        {
            return Err(refuse(
                409,
                "Duplicate",
                "The resource already exists",
                "BucketAlreadyExists",
            ));
        }
        let now = self.now.clone();
        self.buckets().push(json!({
            "id": id, "name": name, "owner": "", "public": public, "type": kind,
            "file_size_limit": limit, "allowed_mime_types": types, "created_at": now, "updated_at": now,
        }));
        Ok(Told::json(200, &json!({"name": name})))
    }

    fn update_bucket(&mut self, id: &str) -> Answer {
        let body = self.body()?;
        let keys = ["public", "file_size_limit", "allowed_mime_types"];
        if !keys.iter().any(|key| body.get(key).is_some()) {
            let missing = keys
                .map(|key| format!("body must have required property '{key}'"))
                .join(", ");
            return Err(invalid(&format!(
                "{missing}, body must match a schema in anyOf"
            )));
        }
        let public = coerced_flag(&body, "public")?;
        let limit = coerced_size(&body)?;
        let types = Self::checked_types(&body)?;
        self.check_limit(limit)?;
        let now = self.now.clone();
        let bucket = self.bucket(id)?;
        if let Some(public) = public {
            bucket["public"] = json!(public);
        }
        if body.get("file_size_limit").is_some() {
            bucket["file_size_limit"] = json!(limit);
        }
        if body.get("allowed_mime_types").is_some() {
            bucket["allowed_mime_types"] = types;
        }
        bucket["updated_at"] = json!(now);
        // A list that asks for no order has changed rows last, as the database puts them.
        let buckets = self.buckets();
        if let Some(at) = buckets.iter().position(|bucket| bucket["id"] == id) {
            let changed = buckets.remove(at);
            buckets.push(changed);
        }
        Ok(Told::json(200, &json!({"message": "Successfully updated"})))
    }

    fn delete_bucket(&mut self, id: &str) -> Answer {
        self.bucket(id)?;
        if self
            .objects()
            .iter()
            .any(|object| object["bucket_id"] == id)
        {
            return Err(refuse(
                409,
                "ResourceNotEmpty",
                "The bucket you tried to delete is not empty",
                "ResourceNotEmpty",
            ));
        }
        self.buckets().retain(|bucket| bucket["id"] != id);
        Ok(Told::json(200, &json!({"message": "Successfully deleted"})))
    }

    fn empty_bucket(&mut self, id: &str) -> Answer {
        if !self.asker.is_service() {
            let body = json!({"statusCode": "403", "error": "Unauthorized", "message": "Access denied: Invalid role", "code": "AccessDenied"});
            return Err(Told::json(403, &body));
        }
        self.bucket(id)?;
        self.objects().retain(|object| object["bucket_id"] != id);
        Ok(Told::json(
            200,
            &json!({"message": "Empty bucket has been queued. Completion may take up to an hour."}),
        ))
    }

    /// The body as an object, with the complaints of the framework about everything else.
    pub(super) fn body(&self) -> Result<Value, Told> {
        let fastify = |message: &str| refuse(400, "FastifyError", message, "InvalidRequest");
        let is_json = self
            .asked
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json"));
        if is_json && self.asked.body.is_empty() {
            return Err(fastify(
                "Body cannot be empty when content-type is set to 'application/json'",
            ));
        }
        match serde_json::from_slice::<Value>(&self.asked.body) {
            Ok(body) if is_json && body.is_object() => Ok(body),
            Err(_) if is_json => Err(fastify(
                "Body is not valid JSON but content-type is set to 'application/json'",
            )),
            _ => Err(invalid("body must be object")),
        }
    }

    /// The MIME types of a body: one alone counts as a list, and each must be a type or a pattern.
    fn checked_types(body: &Value) -> Result<Value, Told> {
        let types = match body.get("allowed_mime_types") {
            None | Some(Value::Null) => return Ok(Value::Null),
            Some(Value::Array(types)) => types.iter().map(coerced_text).collect(),
            Some(one) => vec![coerced_text(one)],
        };
        match types.iter().find(|kind| !is_mime_type(kind)) {
            Some(wrong) => Err(unsupported_type(wrong)),
            None => Ok(json!(types)),
        }
    }

    /// A bucket cannot take more than its project.
    fn check_limit(&self, limit: Option<u64>) -> Result<(), Told> {
        match (limit, self.project["file_size_limit"].as_u64()) {
            (Some(limit), Some(most)) if limit > most => Err(too_large()),
            _ => Ok(()),
        }
    }
}

fn is_route(method: &str, path: &[&str]) -> bool {
    match path {
        ["bucket"] => matches!(method, "GET" | "POST"),
        ["bucket", _] => matches!(method, "GET" | "HEAD" | "PUT" | "DELETE"),
        ["bucket", _, "empty"] => method == "POST",
        ["object", _, ..] => matches!(method, "GET" | "HEAD" | "POST" | "PUT" | "DELETE"),
        _ => false,
    }
}

/// The framework's own refusal for what it never heard of, and the server's for a known path.
fn no_route(method: &str, path: &[&str]) -> Told {
    let message = format!("Route {method}:/{} not found", path.join("/"));
    if matches!(path.first(), Some(&"bucket" | &"object")) {
        let body = json!({"statusCode": "404", "error": "Not Found", "message": message, "code": "InvalidRequest"});
        return Told::json(404, &body);
    }
    Told::json(
        404,
        &json!({"message": message, "error": "Not Found", "statusCode": 404}),
    )
}

fn text(status: u16, kind: &str, body: &str) -> Told {
    Told {
        status,
        headers: vec![("content-type", kind.to_owned())],
        body: body.to_owned().into(),
        job: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::gateway::{self, token_of_kind};
    use super::super::seed::project;
    use super::*;

    const REFERENCE: &str = "abcdefghijklmnopqrst";

    /// Recorded answers that are not reproduced, and why.
    const NOT_REPRODUCED: &[(&str, &str)] = &[];

    /// Exchanges with the real server, one after another on one server: each must be answered here
    /// with the same status, the same words and the same shape.
    #[test]
    fn the_recorded_exchanges_are_answered_alike() {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test is told by its surroundings where the recordings are"
        )]
        let Ok(rig) = std::env::var("SUPACTL_RIG") else {
            // Not by a macro: the test runner would swallow it.
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                b"SKIPPED: SUPACTL_RIG does not name the folder of the recorded exchanges\n",
            );
            return;
        };
        let recorded =
            std::fs::read_to_string(std::path::Path::new(&rig).join("storage-transcripts.jsonl"))
                .unwrap();
        let mut state = json!({"projects": {REFERENCE: project(REFERENCE, "x", "eu-central-1", "ACTIVE_HEALTHY", "2026-01-01T00:00:00Z")}});
        let mut differences = Vec::new();
        let mut count = 0;
        for line in recorded.lines() {
            let exchange: Value = serde_json::from_str(line).unwrap();
            let name = exchange["name"].as_str().unwrap();
            count += 1;
            let told = replay(&mut state, &exchange["request"]);
            if NOT_REPRODUCED.iter().any(|(known, _)| *known == name) {
                continue;
            }
            if let Some(difference) = differs(&exchange["response"], &told) {
                differences.push(format!("{name}: {difference}"));
            }
        }
        assert!(count > 180, "only {count} exchanges");
        assert!(
            differences.is_empty(),
            "{} of {count}:\n{}",
            differences.len(),
            differences.join("\n")
        );
    }

    fn replay(state: &mut Value, request: &Value) -> Told {
        let mut headers = vec![("apikey".to_owned(), gateway::legacy_key(REFERENCE, "anon"))];
        if let Some(token) = request["auth"]
            .as_str()
            .and_then(|kind| token_of_kind(REFERENCE, kind))
        {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        if let Some(kind) = request["content_type"].as_str() {
            headers.push(("content-type".to_owned(), kind.to_owned()));
        }
        for (name, value) in request["headers"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap().replace(
                "<service jwt>",
                &token_of_kind(REFERENCE, "service").unwrap(),
            );
            headers.push((name.clone(), value));
        }
        let body = match &request["body"] {
            Value::Null => Vec::new(),
            Value::String(text) => match text
                .strip_prefix('<')
                .and_then(|rest| rest.strip_suffix(" bytes>"))
            {
                Some(size) => vec![b'x'; size.parse().unwrap()],
                None => text.clone().into_bytes(),
            },
            json => json.to_string().into_bytes(),
        };
        let path = format!(
            "/project/{REFERENCE}/storage/v1{}",
            request["path"].as_str().unwrap()
        );
        let asked = Asked::new(
            request["method"].as_str().unwrap(),
            &path,
            headers,
            body.into(),
        );
        gateway::answer(state, Timestamp::now(), &asked)
    }

    fn differs(recorded: &Value, told: &Told) -> Option<String> {
        if recorded["status"] != told.status {
            return Some(format!(
                "{} instead of {}: {}",
                told.status,
                recorded["status"],
                String::from_utf8_lossy(&told.body)
            ));
        }
        let body: Value = serde_json::from_slice(&told.body).unwrap_or_default();
        match &recorded["body"] {
            Value::Null => None,
            Value::String(text) => (*text != String::from_utf8_lossy(&told.body))
                .then(|| format!("{:?} instead of {text:?}", told.body)),
            wanted if recorded["status"].as_u64() >= Some(400) => {
                (*wanted != body).then(|| format!("{body} instead of {wanted}"))
            }
            wanted => {
                (shape(wanted) != shape(&body)).then(|| format!("{body} instead of {wanted}"))
            }
        }
    }

    /// The same JSON with kinds for values: names and messages stay, as they are promised.
    fn shape(value: &Value) -> Value {
        match value {
            Value::Object(object) => object
                .iter()
                .map(|(key, value)| match key.as_str() {
                    "name" | "message" | "Key" | "public" | "file_size_limit"
                    | "allowed_mime_types" | "hasNext" => (key.clone(), value.clone()),
                    _ => (key.clone(), shape(value)),
                })
                .collect(),
            Value::Array(items) => items.iter().map(shape).collect(),
            Value::String(_) => json!("text"),
            Value::Number(_) => json!(0),
            other => other.clone(),
        }
    }

    #[test]
    fn pages_of_objects_have_each_object_once() {
        let mut shop = project(REFERENCE, "x", "r", "ACTIVE_HEALTHY", "t");
        shop["objects"] = (0..7)
            .map(|number| json!({"bucket_id": "b", "name": format!("f{number}/x"), "id": "i"}))
            .collect();
        let asker = Asker::Role(Some("service_role".to_owned()));
        let mut names = Vec::new();
        let mut body = json!({"limit": 3});
        loop {
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            let asked = Asked::new(
                "POST",
                "/project/x/storage/v1/object/list-v2/b",
                headers,
                body.to_string().into(),
            );
            let page: Value =
                serde_json::from_slice(&answer(&mut shop, Timestamp::now(), &asked, &asker).body)
                    .unwrap();
            names.extend(
                page["objects"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|object| object["name"].as_str().unwrap().to_owned()),
            );
            if page["hasNext"] == false {
                break;
            }
            body["cursor"] = page["nextCursor"].clone();
        }
        assert_eq!(
            names,
            (0..7)
                .map(|number| format!("f{number}/x"))
                .collect::<Vec<_>>()
        );
    }
}
