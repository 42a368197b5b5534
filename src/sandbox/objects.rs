//! The files in buckets.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::{Value, json};

use super::checks::{
    invalid, is_allowed_type, is_object_key, no_bucket, no_object, refuse, too_large,
    unsupported_type,
};
use super::seed;
use super::server::Told;
use super::storage::{Answer, Scope};

impl Scope<'_> {
    /// One level of a bucket: folders have no id.
    pub(super) fn list_objects(&mut self, bucket: &str) -> Answer {
        let body = self.body()?;
        let Some(prefix) = body.get("prefix").and_then(Value::as_str) else {
            return Err(invalid("body must have required property 'prefix'"));
        };
        let prefix = prefix.trim_end_matches('/');
        let start = if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}/")
        };
        let search = body["search"].as_str().unwrap_or_default().to_lowercase();
        let (mut folders, mut rows) = (BTreeSet::new(), Vec::new());
        for object in self.sorted_objects(bucket) {
            let Some(rest) = object["name"]
                .as_str()
                .and_then(|name| name.strip_prefix(&start))
            else {
                continue;
            };
            match rest.split_once('/') {
                Some((folder, _)) => drop(folders.insert(folder.to_owned())),
                None if rest.to_lowercase().contains(&search) => {
                    rows.push(listed(&object, rest, Value::Null));
                }
                None => {}
            }
        }
        let folders = folders.into_iter().map(|name| folder(&name, None));
        let number = |key: &str, usual: usize| {
            body[key]
                .as_u64()
                .and_then(|number| usize::try_from(number).ok())
                .unwrap_or(usual)
        };
        let page: Vec<Value> = folders
            .chain(rows)
            .skip(number("offset", 0))
            .take(number("limit", 100))
            .collect();
        Ok(Told::json(200, &json!(page)))
    }

    /// The whole bucket with whole paths, or one level of it, by a cursor.
    pub(super) fn list_objects_v2(&mut self, bucket: &str) -> Answer {
        let body = self.body()?;
        let prefix = body["prefix"].as_str().unwrap_or_default().to_owned();
        let limit = body["limit"]
            .as_u64()
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(1000)
            .min(1000);
        let by_level = body["with_delimiter"] == true;
        let after = body["cursor"]
            .as_str()
            .and_then(|cursor| String::from_utf8(BASE64.decode(cursor).ok()?).ok())
            .unwrap_or_default();
        let (mut folders, mut rows): (BTreeSet<String>, Vec<Value>) = (BTreeSet::new(), Vec::new());
        let mut last = String::new();
        let mut more = false;
        for object in self.sorted_objects(bucket) {
            let name = object["name"].as_str().unwrap_or_default().to_owned();
            if !name.starts_with(&prefix) || name <= after {
                continue;
            }
            let level = by_level
                .then(|| {
                    name[prefix.len()..]
                        .find('/')
                        .map(|at| name[..prefix.len() + at].to_owned())
                })
                .flatten();
            if level
                .as_ref()
                .is_some_and(|folder| folders.contains(folder))
            {
                last = name;
                continue;
            }
            if folders.len() + rows.len() == limit {
                more = true;
                break;
            }
            match level {
                Some(folder) => drop(folders.insert(folder)),
                None => rows.push(listed(&object, &name, json!(name))),
            }
            last = name;
        }
        let folders: Vec<Value> = folders
            .iter()
            .map(|name| folder(&format!("{name}/"), Some(name)))
            .collect();
        let mut told = json!({"hasNext": more, "folders": folders, "objects": rows});
        if more {
            told["nextCursor"] = json!(BASE64.encode(last));
        }
        Ok(Told::json(200, &told))
    }

    /// The objects of a bucket by name; none for those who may not see it.
    pub(super) fn sorted_objects(&mut self, bucket: &str) -> Vec<Value> {
        if !self.asker.is_service() {
            return Vec::new();
        }
        let mut objects: Vec<Value> = self
            .objects()
            .iter()
            .filter(|object| object["bucket_id"] == bucket)
            .cloned()
            .collect();
        objects.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
        objects
    }

    pub(super) fn upload(&mut self, bucket: &str, key: &str) -> Answer {
        if !is_object_key(key) {
            return Err(refuse(
                400,
                "InvalidKey",
                &format!("Invalid key: {key}"),
                "InvalidKey",
            ));
        }
        let found = self.bucket(bucket)?.clone();
        let mimetype = self
            .asked
            .header("content-type")
            .unwrap_or("application/octet-stream")
            .to_owned();
        if !is_allowed_type(&found["allowed_mime_types"], &mimetype) {
            return Err(unsupported_type(&mimetype));
        }
        let size = self.asked.body.len() as u64;
        let limit = found["file_size_limit"]
            .as_u64()
            .or(self.project["file_size_limit"].as_u64());
        if limit.is_some_and(|limit| size > limit) {
            return Err(too_large());
        }
        let upsert = self.asked.method == "PUT" || self.asked.header("x-upsert") == Some("true");
        let existing = self
            .objects()
            .iter()
            .position(|object| object["bucket_id"] == bucket && object["name"] == key);
        if existing.is_some() && !upsert {
            return Err(refuse(
                409,
                "Duplicate",
                "The resource already exists",
                "KeyAlreadyExists",
            ));
        }
        let now = self.now.clone();
        let content = BASE64.encode(&self.asked.body);
        let mut object = json!({
            "bucket_id": bucket, "name": key, "id": seed::uuid(&[bucket, key, &now]), "version": seed::uuid(&[bucket, key, &now, "version"]),
            "created_at": now, "updated_at": now, "mimetype": mimetype,
            "cache_control": self.asked.header("cache-control").unwrap_or("no-cache"),
            "size": size, "etag": seed::hex(&[&content]), "content": content,
        });
        if let Some(at) = existing {
            for kept in ["id", "created_at"] {
                object[kept] = self.objects()[at][kept].clone();
            }
            self.objects().remove(at);
        }
        let told = json!({"Key": format!("{bucket}/{key}"), "Id": object["id"]});
        self.objects().push(object);
        Ok(Told::json(200, &told))
    }

    pub(super) fn object(&mut self, bucket: &str, key: &str) -> Result<&mut Value, Told> {
        if !self.asker.is_service() {
            return Err(no_object());
        }
        self.objects()
            .iter_mut()
            .find(|object| object["bucket_id"] == bucket && object["name"] == key)
            .ok_or_else(no_object)
    }

    pub(super) fn download(&mut self, bucket: &str, key: &str) -> Answer {
        let object = self.object(bucket, key)?;
        Ok(file(object))
    }

    pub(super) fn download_public(&mut self, bucket: &str, key: &str) -> Answer {
        if !self
            .buckets()
            .iter()
            .any(|one| one["id"] == bucket && one["public"] == true)
        {
            return Err(no_bucket());
        }
        let object = self
            .objects()
            .iter()
            .find(|object| object["bucket_id"] == bucket && object["name"] == key);
        object.map(file).ok_or_else(no_object)
    }

    pub(super) fn info(&mut self, bucket: &str, key: &str) -> Answer {
        let object = self.object(bucket, key)?;
        Ok(Told::json(
            200,
            &json!({
                "id": object["id"], "name": key, "version": object["version"], "bucket_id": bucket, "size": object["size"],
                "content_type": object["mimetype"], "cache_control": object["cache_control"], "etag": format!("\"{}\"", object["etag"].as_str().unwrap_or_default()),
                "metadata": {}, "last_modified": object["updated_at"], "created_at": object["created_at"],
            }),
        ))
    }

    pub(super) fn sign(&mut self, bucket: &str, key: &str) -> Answer {
        let id = self.object(bucket, key)?["id"].clone();
        let token = seed::hex(&[id.as_str().unwrap_or_default(), &self.now]);
        Ok(Told::json(
            200,
            &json!({"signedURL": format!("/object/sign/{bucket}/{key}?token={token}")}),
        ))
    }

    pub(super) fn move_object(&mut self) -> Answer {
        let (bucket, from, to, target) = self.source_and_destination()?;
        self.object(&bucket, &from)?;
        if self.object(&target, &to).is_ok() {
            return Err(refuse(
                409,
                "Duplicate",
                "The resource already exists",
                "KeyAlreadyExists",
            ));
        }
        let now = self.now.clone();
        let object = self.object(&bucket, &from)?;
        object["name"] = json!(to);
        object["bucket_id"] = json!(target);
        object["updated_at"] = json!(now);
        Ok(Told::json(200, &json!({"message": "Successfully moved"})))
    }

    pub(super) fn copy_object(&mut self) -> Answer {
        let (bucket, from, to, target) = self.source_and_destination()?;
        let now = self.now.clone();
        let mut copy = self.object(&bucket, &from)?.clone();
        if self.object(&target, &to).is_ok() {
            return Err(refuse(
                409,
                "Duplicate",
                "The resource already exists",
                "KeyAlreadyExists",
            ));
        }
        copy["name"] = json!(to);
        copy["bucket_id"] = json!(target);
        copy["id"] = json!(seed::uuid(&[&target, &to, &now]));
        for time in ["created_at", "updated_at"] {
            copy[time] = json!(now);
        }
        let mut told = json!({"Key": format!("{target}/{to}"), "Id": copy["id"]});
        if let (Some(told), Value::Object(row)) = (told.as_object_mut(), row(&copy)) {
            told.extend(row);
        }
        self.objects().push(copy);
        Ok(Told::json(200, &told))
    }

    pub(super) fn source_and_destination(
        &mut self,
    ) -> Result<(String, String, String, String), Told> {
        let body = self.body()?;
        let part = |key: &str| {
            body[key]
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| invalid(&format!("body must have required property '{key}'")))
        };
        let bucket = part("bucketId")?;
        let target = body["destinationBucket"]
            .as_str()
            .unwrap_or(&bucket)
            .to_owned();
        Ok((
            bucket.clone(),
            part("sourceKey")?,
            part("destinationKey")?,
            target,
        ))
    }

    pub(super) fn delete_objects(&mut self, bucket: &str) -> Answer {
        let body = self.body()?;
        let Some(prefixes) = body.get("prefixes").and_then(Value::as_array) else {
            return Err(invalid("body must have required property 'prefixes'"));
        };
        if prefixes.is_empty() {
            return Err(invalid("body/prefixes must NOT have fewer than 1 items"));
        }
        if prefixes.len() > 1000 {
            return Err(invalid("body/prefixes must NOT have more than 1000 items"));
        }
        if !self.asker.is_service() {
            return Ok(Told::json(200, &json!([])));
        }
        let named =
            |object: &Value| object["bucket_id"] == bucket && prefixes.contains(&object["name"]);
        let removed: Vec<Value> = self
            .objects()
            .iter()
            .filter(|object| named(object))
            .map(row)
            .collect();
        self.objects().retain(|object| !named(object));
        Ok(Told::json(200, &json!(removed)))
    }

    pub(super) fn delete_object(&mut self, bucket: &str, key: &str) -> Answer {
        self.object(bucket, key)?;
        self.objects()
            .retain(|object| object["bucket_id"] != bucket || object["name"] != key);
        Ok(Told::json(200, &json!({"message": "Successfully deleted"})))
    }
}

/// The bytes of an object: those that were uploaded, or as many as the seed says it has.
fn file(object: &Value) -> Told {
    let size = object["size"]
        .as_u64()
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(0);
    let kept = object["content"]
        .as_str()
        .and_then(|content| BASE64.decode(content).ok());
    let header = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
    Told {
        status: 200,
        headers: vec![
            ("content-type", header("mimetype")),
            ("etag", format!("\"{}\"", header("etag"))),
            ("cache-control", header("cache_control")),
        ],
        body: kept.unwrap_or_else(|| vec![b'.'; size]).into(),
        job: None,
    }
}

fn metadata(object: &Value) -> Value {
    json!({
        "eTag": format!("\"{}\"", object["etag"].as_str().unwrap_or_default()), "size": object["size"], "mimetype": object["mimetype"],
        "cacheControl": object["cache_control"], "lastModified": object["updated_at"], "contentLength": object["size"], "httpStatusCode": 200,
    })
}

/// An object in a list; whole paths come with a `key`.
fn listed(object: &Value, name: &str, key: Value) -> Value {
    let mut row = json!({
        "name": name, "id": object["id"], "updated_at": object["updated_at"], "created_at": object["created_at"],
        "last_accessed_at": object["created_at"], "metadata": metadata(object),
    });
    if !key.is_null() {
        row["key"] = key;
    }
    row
}

fn folder(name: &str, key: Option<&str>) -> Value {
    let mut row = json!({"name": name, "id": null, "updated_at": null, "created_at": null, "last_accessed_at": null, "metadata": null});
    if let Some(key) = key {
        row["key"] = json!(key);
    }
    row
}

/// An object as the database has it.
fn row(object: &Value) -> Value {
    json!({
        "name": object["name"], "bucket_id": object["bucket_id"], "owner": "", "owner_id": "", "version": object["version"], "id": object["id"],
        "updated_at": object["updated_at"], "created_at": object["created_at"], "last_accessed_at": object["created_at"],
        "metadata": metadata(object), "user_metadata": {},
    })
}
