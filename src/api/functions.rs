//! Edge functions (`/v1/projects/{ref}/functions`), and calling them on the project's own gateway.

use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::Api;
use super::answer::Answer;
use super::api_keys::ApiKey;
use super::cache::Noun;
use super::error::{ApiError, naming};
use super::ids::ProjectRef;
use super::keys::ServiceKey;
use super::record::{Record, record};
use super::request::{Body, Host, Method, Reading, Request, Safety};
use crate::error::{Code, Error, Result};

/// The service bundles while one waits.
const DEPLOY_TIME: Duration = Duration::from_secs(120);

/// What the sources of a function come as; without asking for it, one gets a bundle that only the
/// service can read.
const PARTS: &str = "multipart/form-data";

record! {
    /// An edge function.
    Function {
        "slug": Text,
        "name": Text,
        "status": Text,
        "version": Integer,
        "verify_jwt": Flag,
        "import_map": Flag,
        "entrypoint_path": Text,
        "import_map_path": Text,
        "id": Text,
        "created_at": Text,
        "updated_at": Text,
    }
}

impl Function {
    /// The service writes these times in milliseconds, all others as text.
    fn dated(mut self) -> Self {
        for key in ["created_at", "updated_at"] {
            let time = self.text(key).and_then(|text| text.parse().ok());
            if let Some(time) = time.and_then(|time| Timestamp::from_millisecond(time).ok()) {
                self.0
                    .insert(key.to_owned(), Value::String(time.to_string()));
            }
        }
        self
    }
}

/// The name of a function in its address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slug(String);

impl Slug {
    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Slug {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Slug {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err("the name of a function begins with a letter, and goes on with letters, digits, - and _".to_owned())
    }
}

/// As whom a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// As an app that nobody has signed in to.
    Anon,
    /// With all rights.
    Service,
}

/// A call of a function.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) caller: Caller,
}

/// A file of a function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    /// Where it is, with `/` between the steps.
    pub(crate) path: String,
    pub(crate) bytes: Bytes,
}

impl Api {
    /// Lists the functions of a project.
    pub(crate) async fn functions(&self, project: &ProjectRef) -> Result<Vec<Function>> {
        let request = Request::get("/v1/projects/{}/functions", &[project.as_str()])
            .needs("edge_functions_read")
            .cached(Noun::Functions);
        let functions: Vec<Function> = self.client.send(request).await?.list()?;
        Ok(functions.into_iter().map(Function::dated).collect())
    }

    /// One function.
    pub(crate) async fn function(&self, project: &ProjectRef, slug: &Slug) -> Result<Function> {
        let parts = [project.as_str(), slug.as_str()];
        let request = Request::get("/v1/projects/{}/functions/{}", &parts)
            .needs("edge_functions_read")
            .cached(Noun::Functions);
        let answer = self.client.send(request).await.map_err(named(slug))?;
        Ok(answer.json::<Function>()?.dated())
    }

    /// Deletes a function.
    pub(crate) async fn delete_function(&self, project: &ProjectRef, slug: &Slug) -> Result<()> {
        let parts = [project.as_str(), slug.as_str()];
        let request = Request::delete("/v1/projects/{}/functions/{}", &parts)
            .needs("edge_functions_write")
            .forgets(Noun::Functions);
        let answer = self.client.send(request).await;
        answer.map(drop).map_err(named(slug))
    }

    /// The sources of a function as they come, in parts.
    pub(crate) async fn function_body(&self, project: &ProjectRef, slug: &Slug) -> Result<Answer> {
        let request = body_request(project, slug).reading(Reading::AsItComes);
        self.client.send(request).await.map_err(named(slug))
    }

    /// The files of a function as they were deployed.
    pub(crate) async fn function_sources(
        &self,
        project: &ProjectRef,
        slug: &Slug,
    ) -> Result<Vec<Source>> {
        let answer = self.client.send(body_request(project, slug)).await;
        read_sources(&answer.map_err(named(slug))?).await
    }

    /// Deploys the files of a function, which the service bundles.
    pub(crate) async fn deploy_function(
        &self,
        project: &ProjectRef,
        slug: &Slug,
        metadata: Value,
        files: &[Source],
    ) -> Result<Function> {
        let mut request = Request::post("/v1/projects/{}/functions/deploy", &[project.as_str()])
            .query("slug", Some(slug))
            .needs("edge_functions_write")
            .forgets(Noun::Functions)
            .taking(DEPLOY_TIME);
        request.body = Body::Form {
            settings: ("metadata", metadata),
            files: files
                .iter()
                .map(|file| (file.path.clone(), file.bytes.clone()))
                .collect(),
        };
        let function: Function = self.client.send(request).await?.json()?;
        Ok(function.dated())
    }

    /// Calls a function, and hands on whatever it answers as it comes.
    pub(crate) async fn invoke(
        &self,
        project: &ProjectRef,
        slug: &Slug,
        call: Call,
    ) -> Result<Answer> {
        let key = match (&self.given_key, call.caller) {
            (Some(given), Caller::Service) => given.clone(),
            (_, caller) => self.caller_key(project, caller).await?,
        };
        let mut request = Request::new(call.method, "/functions/v1/{}", &[slug.as_str()])
            .reading(Reading::WhateverItSays);
        request.host = Host::Gateway {
            project: project.clone(),
            key: Some(key),
        };
        request.headers = call.headers;
        request.body = call.body;
        // Whatever its method: nobody knows what a function does.
        request.safety = Safety::Unsafe;
        self.client.send(request).await
    }

    /// The key to call a function with. A function that asks for a token is content with a key of the
    /// old kind, which is one, and not with a new one; so the old kind goes first where it works.
    async fn caller_key(&self, project: &ProjectRef, caller: Caller) -> Result<ServiceKey> {
        let reveal = caller == Caller::Service;
        let (keys, legacy) = futures_util::join!(
            self.api_keys(project, reveal),
            self.legacy_keys_enabled(project)
        );
        let keys = keys?;
        if keys.is_empty() {
            return Err(self.why_no_keys(project).await);
        }
        let (role, is_new): (_, fn(&ApiKey) -> bool) = match caller {
            Caller::Anon => ("anon", |key| key.text("type") == Some("publishable")),
            Caller::Service => ("service_role", ApiKey::is_secret),
        };
        let old = keys
            .iter()
            .filter(|key| legacy != Some(false) && key.is_legacy(role));
        let new = keys.iter().filter(|key| is_new(key));
        let value = old.chain(new).find_map(ApiKey::value).ok_or_else(|| {
            ApiError::new(
                Code::NotFound,
                format!("project `{project}` has no key to call a function with"),
            )
            .with_hint("`supactl api-keys create` makes one")
        })?;
        // Publishable ones are no secrets of the service role, and travel the same way.
        Ok(ServiceKey::of_caller(value))
    }
}

/// The service's refusal where there is no such function, with its name in it.
fn named(slug: &Slug) -> impl FnOnce(Error) -> Error {
    naming("function", slug, "functions list")
}

fn body_request(project: &ProjectRef, slug: &Slug) -> Request {
    let parts = [project.as_str(), slug.as_str()];
    let mut request =
        Request::get("/v1/projects/{}/functions/{}/body", &parts).needs("edge_functions_read");
    request
        .headers
        .push(("accept".to_owned(), PARTS.to_owned()));
    request
}

/// Reads the files out of the parts. The path of each is in a header of its own, else in the name of
/// the file; a part without either is the metadata.
async fn read_sources(answer: &Answer) -> Result<Vec<Source>> {
    let malformed = |reason: String| {
        ApiError::new(
            Code::MalformedResponse,
            format!("the sources are not readable: {reason}"),
        )
    };
    let kind = answer.header("content-type").unwrap_or_default();
    let boundary =
        multer::parse_boundary(kind).map_err(|_| malformed(format!("they come as `{kind}`")))?;
    let body = answer.body().clone();
    let stream = futures_util::stream::once(async move { Ok::<_, std::io::Error>(body) });
    let mut parts = multer::Multipart::new(stream, boundary);
    let mut sources = Vec::new();
    while let Some(part) = parts
        .next_field()
        .await
        .map_err(|error| malformed(error.to_string()))?
    {
        let header = part
            .headers()
            .get("supabase-path")
            .map(|path| String::from_utf8_lossy(path.as_bytes()).into_owned());
        let Some(path) = header.or_else(|| part.file_name().map(str::to_owned)) else {
            continue;
        };
        let bytes = part
            .bytes()
            .await
            .map_err(|error| malformed(error.to_string()))?;
        sources.push(Source { path, bytes });
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_functions_are_those_of_the_service() {
        for good in ["a", "hello", "Hello-2_b"] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in ["", "9a", "-a", "_a", "a.b", "a/b", "../a", "a b", "é", "aé"] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }
}
