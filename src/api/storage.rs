//! Buckets and their objects (the project's Storage API; the Management API only lists).
//!
//! Facts from the Storage server's source (21 August 2026) and from answers recorded of it.

use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Api;
use super::cache::Noun;
use super::error::{ApiError, naming};
use super::ids::{BucketName, ProjectRef};
use super::record::{Record, record};
use super::request::{Host, Method, Request};
use crate::error::{Code, Error, Result};

/// Most objects that one request may delete, and that one page lists.
const BATCH: usize = 1000;

record! {
    /// A container for files. All calls address it by its id, which is its name in all but odd cases.
    Bucket {
        "id": Text,
        "name": Text,
        "public": Flag,
        "type": Text,
        "file_size_limit": Integer,
        "allowed_mime_types": List,
        "owner": Text,
        "created_at": Text,
        "updated_at": Text,
    }
}

/// Which buckets to list, and how. Everything left out is left to the service.
#[derive(Debug, Default)]
pub(crate) struct BucketSearch {
    /// Part of the name, whatever its case.
    pub(crate) search: Option<String>,
    pub(crate) limit: Option<u32>,
    pub(crate) offset: Option<u32>,
    pub(crate) sort: Option<&'static str>,
    pub(crate) order: Option<&'static str>,
}

impl BucketSearch {
    /// All of them, as they are listed where nothing else is asked for.
    pub(crate) fn newest_first() -> Self {
        Self {
            sort: Some("created_at"),
            order: Some("desc"),
            ..Self::default()
        }
    }

    fn request(&self) -> Request {
        Request::get("/storage/v1/bucket", &[])
            .query("limit", self.limit)
            .query("offset", self.offset)
            .query("sortColumn", self.sort)
            .query("sortOrder", self.order)
            .query("search", self.search.as_deref())
            .cached(Noun::Storage)
    }
}

/// What becomes of one property.
#[derive(Debug, Default)]
pub(crate) enum Change<T> {
    /// It is not sent, and stays as it is.
    #[default]
    Keep,
    /// It is sent as null, which takes a limit off.
    Clear,
    Set(T),
}

impl<T: Serialize> Change<T> {
    fn put(&self, body: &mut Map<String, Value>, key: &str) {
        match self {
            Self::Keep => {}
            Self::Clear => drop(body.insert(key.to_owned(), Value::Null)),
            Self::Set(value) => drop(body.insert(key.to_owned(), json!(value))),
        }
    }
}

/// What to set on a bucket: only what was given is sent.
#[derive(Debug, Default)]
pub(crate) struct BucketChange {
    pub(crate) public: Change<bool>,
    pub(crate) file_size_limit: Change<FileSize>,
    pub(crate) allowed_mime_types: Change<Vec<MimeType>>,
}

impl BucketChange {
    fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        self.public.put(&mut body, "public");
        self.file_size_limit.put(&mut body, "file_size_limit");
        self.allowed_mime_types.put(&mut body, "allowed_mime_types");
        body
    }
}

/// A size in bytes, written as the service writes sizes: decimal units, so 1 MB is 1,000,000 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct FileSize(u64);

impl FromStr for FileSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refusal = || {
            format!(
                "`{text}` is not a size: write a number of bytes or one with B, KB, MB or GB, such as `50MB`"
            )
        };
        let lower = text.trim().to_ascii_lowercase();
        let (number, unit) = match lower.find(|character: char| character.is_ascii_alphabetic()) {
            Some(at) => lower.split_at(at),
            None => (lower.as_str(), "b"),
        };
        let factor: u64 = match unit {
            "b" => 1,
            "kb" => 1_000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            _ => return Err(refusal()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
            return Err(refusal());
        }
        // In whole numbers, so that no size is a byte off: 9 digits of fraction are all a GB has.
        let parts: u64 = format!("{fraction:0<9}").parse().map_err(|_| refusal())?;
        let bytes = whole
            .parse::<u64>()
            .ok()
            .and_then(|whole| whole.checked_mul(factor))
            .and_then(|whole| {
                whole.checked_add(
                    u64::try_from(u128::from(parts) * u128::from(factor) / 1_000_000_000).ok()?,
                )
            })
            .ok_or_else(refusal)?;
        if bytes == 0 {
            // The service is of two minds about 0: it blocks small uploads and allows any large one.
            return Err(
                "a limit of 0 does not mean the same to all of Storage; `none` takes the limit off"
                    .to_owned(),
            );
        }
        Ok(Self(bytes))
    }
}

/// A MIME type or a pattern such as `image/*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct MimeType(String);

impl FromStr for MimeType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-+.".contains(&byte))
        };
        let kind = text.split_once(';').map_or(text, |(kind, _)| kind);
        let charset = text
            .split_once(';')
            .map(|(_, rest)| rest.trim_start().strip_prefix("charset="));
        let fits = match kind.split_once('/') {
            Some((kind, "*")) => word(kind) || kind == "*",
            Some((kind, subtype)) => word(kind) && word(subtype),
            None => kind == "*",
        };
        let fits = fits
            && charset.is_none_or(|name| {
                name.is_some_and(|name| {
                    name.bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                        && !name.is_empty()
                })
            });
        if fits && text.len() <= 1000 {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{text}` is not a MIME type: write `image/png`, or `image/*` for all of a kind"
        ))
    }
}

/// One page of a bucket's objects.
#[derive(Debug)]
pub(crate) struct ObjectPage {
    pub(crate) names: Vec<String>,
    /// Where the next page begins.
    pub(crate) next: Option<String>,
}

impl Api {
    /// Lists buckets with all their properties, in the service's order.
    pub(crate) async fn buckets(
        &self,
        project: &ProjectRef,
        search: &BucketSearch,
    ) -> Result<Vec<Bucket>> {
        self.storage(project, search.request()).await?.list()
    }

    /// The list of buckets that an earlier `storage buckets list` was answered, if it is cached.
    pub(crate) async fn cached_buckets(&self, project: &ProjectRef) -> Vec<Bucket> {
        let request = BucketSearch::newest_first().request().on_gateway(project);
        let cached = self.client.cached(&request).await;
        cached
            .and_then(|answer| answer.list().ok())
            .unwrap_or_default()
    }

    /// Lists buckets over the Management API: all of them, without type, limits and MIME types.
    pub(crate) async fn buckets_without_key(&self, project: &ProjectRef) -> Result<Vec<Bucket>> {
        let request = Request::get("/v1/projects/{}/storage/buckets", &[project.as_str()])
            .needs("storage_read")
            .cached(Noun::Storage);
        self.client.send(request).await?.list()
    }

    /// One bucket. The service leaves its `type` out here and tells it in the list, so both are asked.
    pub(crate) async fn bucket(&self, project: &ProjectRef, name: &BucketName) -> Result<Bucket> {
        let request = Request::get("/storage/v1/bucket/{}", &[name.as_str()]).cached(Noun::Storage);
        let bucket: Bucket = self
            .storage(project, request)
            .await
            .map_err(|error| about(name, error))?
            .json()?;
        if bucket.text("type").is_some() {
            return Ok(bucket);
        }
        let search = BucketSearch {
            search: Some(name.to_string()),
            ..BucketSearch::default()
        };
        let listed = self.buckets(project, &search).await?;
        let kind = listed
            .iter()
            .find(|other| other.text("id") == Some(name.as_str()))
            .and_then(|other| other.text("type"));
        let mut object = bucket.into_object();
        object.insert("type".to_owned(), json!(kind));
        Ok(Bucket::wrap(object))
    }

    /// Creates a bucket. The answer only names it.
    pub(crate) async fn create_bucket(
        &self,
        project: &ProjectRef,
        name: &BucketName,
        properties: &BucketChange,
    ) -> Result<()> {
        let mut body = Map::from_iter([("name".to_owned(), json!(name.as_str()))]);
        body.extend(properties.body());
        let request = Request::post("/storage/v1/bucket", &[]).json(Value::Object(body));
        self.storage(project, request)
            .await
            .map(drop)
            .map_err(|error| about(name, error))
    }

    /// Changes the given properties of a bucket and leaves the others.
    pub(crate) async fn update_bucket(
        &self,
        project: &ProjectRef,
        name: &BucketName,
        change: &BucketChange,
    ) -> Result<()> {
        let request = Request::put("/storage/v1/bucket/{}", &[name.as_str()])
            .json(Value::Object(change.body()));
        self.storage(project, request)
            .await
            .map(drop)
            .map_err(|error| about(name, error))
    }

    /// Deletes a bucket, which must be empty.
    pub(crate) async fn delete_bucket(
        &self,
        project: &ProjectRef,
        name: &BucketName,
    ) -> Result<()> {
        let request = Request::delete("/storage/v1/bucket/{}", &[name.as_str()]);
        self.storage(project, request)
            .await
            .map(drop)
            .map_err(|error| about(name, error))
    }

    /// One page of the objects of a bucket, with their whole paths.
    pub(crate) async fn objects(
        &self,
        project: &ProjectRef,
        bucket: &BucketName,
        after: Option<&str>,
    ) -> Result<ObjectPage> {
        let mut body = json!({"limit": BATCH});
        if let Some(cursor) = after {
            body["cursor"] = json!(cursor);
        }
        let request = Request::post("/storage/v1/object/list-v2/{}", &[bucket.as_str()])
            .json(body)
            .safe();
        let page: Value = self.storage(project, request).await?.json()?;
        let names = page["objects"]
            .as_array()
            .map(|objects| {
                objects
                    .iter()
                    .filter_map(|object| object["name"].as_str().map(str::to_owned))
                    .collect()
            })
            .unwrap_or_default();
        let next = page["nextCursor"]
            .as_str()
            .filter(|_| page["hasNext"] == json!(true))
            .map(str::to_owned);
        Ok(ObjectPage { names, next })
    }

    /// Deletes objects by their whole paths, at most a page of them; returns how many were there.
    pub(crate) async fn delete_objects(
        &self,
        project: &ProjectRef,
        bucket: &BucketName,
        names: &[String],
    ) -> Result<usize> {
        let request = Request::new(Method::Delete, "/storage/v1/object/{}", &[bucket.as_str()])
            .json(json!({"prefixes": names}));
        let removed: Vec<Value> = self.storage(project, request).await?.list()?;
        Ok(removed.len())
    }

    /// Deletes all objects of a bucket, a page at a time, telling how many are gone so far.
    ///
    /// Not by the service's own `empty`, which answers at once and may take an hour.
    pub(crate) async fn delete_all_objects(
        &self,
        project: &ProjectRef,
        bucket: &BucketName,
        progress: &dyn Fn(usize),
    ) -> Result<usize> {
        let mut deleted = 0;
        let mut cursor = None;
        loop {
            let page = self.objects(project, bucket, cursor.as_deref()).await?;
            if page.names.is_empty() {
                return Ok(deleted);
            }
            match self.delete_objects(project, bucket, &page.names).await {
                Ok(0) => {
                    let message = format!(
                        "{} objects of bucket `{bucket}` are still there after deleting them",
                        page.names.len()
                    );
                    return Err(ApiError::new(Code::Conflict, message).into());
                }
                // What was listed is gone, so the next page is the first again.
                Ok(removed) => deleted += removed,
                // A dry run: the same objects are still there.
                Err(Error::HeldBack) => match page.next {
                    Some(next) => cursor = Some(next),
                    None => return Ok(0),
                },
                Err(error) => return Err(error),
            }
            progress(deleted);
        }
    }

    /// Has the service empty a bucket in its own time: only what is there now, within an hour.
    pub(crate) async fn queue_emptying(
        &self,
        project: &ProjectRef,
        name: &BucketName,
    ) -> Result<()> {
        let request = Request::post("/storage/v1/bucket/{}/empty", &[name.as_str()]);
        self.storage(project, request)
            .await
            .map(drop)
            .map_err(|error| about(name, error))
    }

    /// Sends a request to Storage. The key is only looked for if no cached answer will do.
    async fn storage(&self, project: &ProjectRef, request: Request) -> Result<super::Answer> {
        let mut request = request.on_gateway(project).forgets(Noun::Storage);
        if let Some(answer) = self.client.cached(&request).await {
            return Ok(answer);
        }
        let key = self.service_key(project).await?;
        request.host = Host::Gateway {
            project: project.clone(),
            key: Some(key),
        };
        self.client.send(request).await
    }
}

/// The service's refusals, with the name of the bucket in them and what to do about them.
fn about(name: &BucketName, error: Error) -> Error {
    let Error::Api(error) = error else {
        return error;
    };
    let told = |message: String, hint: &str| {
        ApiError {
            message,
            ..error.clone()
        }
        .with_hint(hint)
    };
    let said = error.message.to_ascii_lowercase();
    let error = match error.code {
        Code::NotFound if said == "bucket not found" => {
            return naming("bucket", name, "storage buckets list")(error.into());
        }
        Code::AlreadyExists => told(
            format!("bucket `{name}` already exists"),
            "`--if-not-exists` leaves it as it is and calls that done",
        ),
        Code::Conflict | Code::Rejected if said.contains("not empty") => {
            let error = told(
                format!("bucket `{name}` is not empty"),
                "`--force` deletes the files in it first",
            );
            ApiError {
                code: Code::Conflict,
                ..error
            }
        }
        Code::Rejected if error.status == Some(413) => told(
            "the file size limit is larger than the project's own".to_owned(),
            "choose a smaller one, or raise the project's limit in the dashboard under Storage, Settings",
        ),
        _ => error,
    };
    error.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_decimal() {
        for (text, bytes) in [
            ("50MB", 50_000_000),
            ("1.5mb", 1_500_000),
            ("1kb", 1000),
            ("2 GB", 2_000_000_000),
            ("512", 512),
            ("0.000000001GB", 1),
            ("7b", 7),
        ] {
            let text = text.replace(' ', "");
            assert_eq!(text.parse(), Ok(FileSize(bytes)), "{text}");
        }
        for text in [
            "",
            "MB",
            "1KiB",
            "10XB",
            "-1",
            "1e3",
            "1.MB",
            ".5MB",
            "0",
            "0MB",
            "99999999999999999999",
            "50 000",
            "1,5MB",
        ] {
            assert!(text.parse::<FileSize>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn mime_types_are_those_of_the_service() {
        for good in [
            "image/png",
            "image/*",
            "*/*",
            "*",
            "IMAGE/PNG",
            "image/svg+xml",
            "text/plain; charset=utf-8",
            "text/plain;charset=x",
        ] {
            assert!(good.parse::<MimeType>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "image",
            "image/",
            "/png",
            "image/p*",
            "a/b/c",
            "text/plain; boundary=x",
            "text/plain;",
            "text/plain;charset=",
            "text/plain;charset=é",
            "image /png",
        ] {
            assert!(bad.parse::<MimeType>().is_err(), "{bad}");
        }
    }

    #[test]
    fn refusals_name_the_bucket_where_they_are_about_it() {
        let told = |code: Code, status: u16, message: &str| {
            let error = ApiError {
                status: Some(status),
                ..ApiError::new(code, message)
            };
            let error = about(&"avatars".parse().unwrap(), error.into());
            (error.code(), error.to_string())
        };
        let named = |code: Code, message: &str| (code, message.to_owned());
        assert_eq!(
            told(Code::NotFound, 404, "Bucket not found"),
            named(Code::NotFound, "bucket `avatars` was not found")
        );
        assert_eq!(
            told(Code::NotFound, 404, "Object not found"),
            named(Code::NotFound, "Object not found")
        );
        for code in [Code::Conflict, Code::Rejected] {
            assert_eq!(
                told(code, 409, "The bucket you tried to delete is not empty"),
                named(Code::Conflict, "bucket `avatars` is not empty")
            );
        }
        assert_eq!(
            told(Code::Rejected, 413, "too large"),
            named(
                Code::Rejected,
                "the file size limit is larger than the project's own"
            )
        );
        assert_eq!(told(Code::Rejected, 400, "no"), named(Code::Rejected, "no"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_size_or_is_refused(text in "\\PC{0,12}") {
            let _ = text.parse::<FileSize>();
            let _ = text.parse::<MimeType>();
        }

        #[test]
        fn bytes_are_taken_as_they_are(bytes in 1..=u64::MAX) {
            prop_assert_eq!(bytes.to_string().parse(), Ok(FileSize(bytes)));
        }
    }
}
