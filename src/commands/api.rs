//! `api`: any operation of the Management API, as it is.

use std::str::FromStr;

use clap::Args;
use serde_json::{Map, Value};

use crate::api::{Answer, Body, Method, Page, Request};
use crate::app::App;
use crate::cli::{WriteArgs, header, method};
use crate::error::{Error, Result};
use crate::output::Reply;
use crate::terminal;
use crate::usage;

/// Send a request to the Management API
///
/// The answer is printed as it came unless `--format` is given. `{ref}` in the path stands for the
/// project. Fields become parameters of a GET and the JSON body of everything else.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl api GET /v1/projects\n  supactl api GET /v1/projects/{ref}\n  supactl api GET /v1/snippets --paginate -o json\n  supactl api PATCH /v1/projects/{ref} -f name=shop --dry-run",
    group(usage::prints_bytes_unshaped())
)]
pub(crate) struct Api {
    /// GET, HEAD, POST, PUT, PATCH or DELETE
    #[arg(value_parser = method)]
    method: Method,

    /// Path from `/v1/` or `/v2/` on
    path: String,

    /// Field with a text: `key=value`, `key[inner]=value`, `key[]=value`
    #[arg(short = 'f', long = "raw-field", value_name = "KEY=VALUE")]
    raw_fields: Vec<Field>,

    /// Field whose value is JSON where it reads as such: numbers, true, false, null; `@FILE` reads a file
    #[arg(short = 'F', long = "field", value_name = "KEY=VALUE")]
    fields: Vec<Field>,

    /// File with the body, or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["raw_fields", "fields"])]
    input: Option<String>,

    /// Header to send
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,

    /// Print the status and the headers of the answer before it
    #[arg(short, long)]
    include: bool,

    /// Fetch all pages, and print the elements of all of them as one list
    #[arg(long, conflicts_with_all = ["include", "input"])]
    paginate: bool,

    #[command(flatten)]
    write: WriteArgs,
}

impl Api {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        if self.include && app.output().format_typed {
            return Err(Error::Usage {
                message: "`--include` prints text: it does not go with `--format`".to_owned(),
                hint: None,
            });
        }
        if self.paginate && self.method != Method::Get {
            return Err(Error::Usage {
                message: "only a GET has pages".to_owned(),
                hint: None,
            });
        }
        let path = checked_path(&self.path)?;
        let mut request = self.request(path)?;
        if self.method == Method::Delete {
            let named = if path.contains("{ref}") {
                path.replace("{ref}", &app.project_in_question()?)
            } else {
                path.to_owned()
            };
            app.terminal().confirm(&format!("Send DELETE {named}?"))?;
        }
        if path.contains("{ref}") {
            let reads = matches!(self.method, Method::Get | Method::Head);
            let project = if reads {
                app.project().await?
            } else {
                app.project_to_change().await?
            };
            request.path = path.replace("{ref}", project.as_str());
        }
        if self.paginate {
            return Ok(Reply::value(pages(app, request).await?));
        }
        let answer = app.api()?.raw(request).await?;
        match app.output().format_typed {
            false => Ok(Reply::bytes(raw(&answer, self.include).into())),
            true if answer.body().is_empty() => Ok(Reply::value(Value::Null)),
            true => Ok(Reply::value(answer.json()?)),
        }
    }

    fn request(&self, path: &str) -> Result<Request> {
        let mut request = Request::new(self.method, "", &[]);
        request.go_to(path);
        request.headers.clone_from(&self.headers);
        if let Some(file) = &self.input {
            let bytes = if file == "-" {
                terminal::read_stdin()
            } else {
                terminal::read_file(file)
            };
            let bytes = bytes.map_err(|error| Error::file(format!("--input {file}"), error))?;
            request.body = Body::Bytes {
                content_type: Some("application/json".to_owned()),
                bytes: bytes.into(),
            };
            return Ok(request);
        }
        let mut fields: Vec<(&Field, Value)> = self
            .raw_fields
            .iter()
            .map(|field| (field, Value::String(field.value.clone())))
            .collect();
        for field in &self.fields {
            fields.push((field, field.typed()?));
        }
        if matches!(self.method, Method::Get | Method::Head) {
            for (field, value) in fields {
                let text = value.as_str().map(str::to_owned);
                request =
                    request.query(&field.key, Some(text.unwrap_or_else(|| value.to_string())));
            }
        } else if !fields.is_empty() {
            let mut body = Value::Object(Map::new());
            for (field, value) in fields {
                field.put(&mut body, value)?;
            }
            request.body = Body::Json(body);
        }
        Ok(request)
    }
}

/// `key=value`, the key with any number of brackets.
#[derive(Debug, Clone)]
struct Field {
    key: String,
    value: String,
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("write it as key=value".to_owned()),
        }
    }
}

impl Field {
    /// JSON where the value reads as a scalar of JSON, the text of a file for `@FILE`, else text.
    fn typed(&self) -> Result<Value> {
        if let Some(file) = self.value.strip_prefix('@') {
            let text = terminal::read_text(file)
                .map_err(|error| Error::file(format!("-F {}=@{file}", self.key), error))?;
            return Ok(Value::String(text));
        }
        Ok(match serde_json::from_str(&self.value) {
            Ok(scalar @ (Value::Null | Value::Bool(_) | Value::Number(_))) => scalar,
            _ => Value::String(self.value.clone()),
        })
    }

    /// Puts a value into the body at the place that the key names.
    fn put(&self, body: &mut Value, value: Value) -> Result<()> {
        let conflict = || Error::invalid(format!("field `{}` contradicts one before it", self.key));
        let (first, rest) = self.key.split_once('[').unwrap_or((&self.key, ""));
        let mut steps = vec![first];
        if !rest.is_empty() {
            let inner = rest.strip_suffix(']').ok_or_else(|| {
                Error::invalid(format!(
                    "field `{}` has a bracket that does not close",
                    self.key
                ))
            })?;
            steps.extend(inner.split("]["));
        }
        let mut at = body;
        for step in steps {
            if at.is_null() {
                *at = if step.is_empty() {
                    Value::Array(Vec::new())
                } else {
                    Value::Object(Map::new())
                };
            }
            at = match at {
                Value::Array(items) if step.is_empty() => {
                    items.push(Value::Null);
                    items.last_mut().ok_or_else(conflict)?
                }
                Value::Object(object) if !step.is_empty() => {
                    object.entry(step).or_insert(Value::Null)
                }
                _ => return Err(conflict()),
            };
        }
        if !at.is_null() {
            return Err(conflict());
        }
        *at = value;
        Ok(())
    }
}

/// All elements of all pages, whichever way this list has of paging.
async fn pages(app: &App, mut request: Request) -> Result<Value> {
    let mut elements = Vec::new();
    loop {
        let body: Value = app.api()?.raw(request.clone()).await?.json()?;
        let page = Page::read(&request, body)?;
        elements.extend(page.elements);
        match page.next {
            Some(next) => request = *next,
            None => return Ok(Value::Array(elements)),
        }
    }
}

/// The answer as bytes, with its head where that was asked for.
fn raw(answer: &Answer, include: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(answer.body().len() + 1);
    if include {
        bytes.extend(format!("HTTP {}\n", answer.status()).bytes());
        for (name, value) in answer.headers() {
            bytes.extend(format!("{name}: {value}\n").bytes());
        }
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(answer.body());
    bytes
}

/// A path on the API's own host, and nothing else.
fn checked_path(path: &str) -> Result<&str> {
    let known = path.starts_with("/v1/") || path.starts_with("/v2/");
    // `..` and its spellings are steps for whoever reads the address, as a backslash is.
    let climbs = path
        .split(['?', '/'])
        .any(|part| matches!(&*part.to_ascii_lowercase().replace("%2e", "."), "." | ".."));
    if known
        && !climbs
        && !path.contains(['#', '\\'])
        && !path
            .chars()
            .any(|character| character.is_control() || character == ' ')
    {
        return Ok(path);
    }
    Err(Error::invalid_with_hint(
        format!("`{path}` is not a path of the Management API"),
        "write it from the version on, encoded, such as `/v1/projects/{ref}`",
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(fields: &[&str]) -> Result<Value> {
        let mut body = json!({});
        for field in fields {
            let field: Field = field.parse().unwrap();
            let value = field.typed()?;
            field.put(&mut body, value)?;
        }
        Ok(body)
    }

    #[test]
    fn fields_become_a_body() {
        let fields = [
            "name=shop",
            "size=5",
            "on=true",
            "none=null",
            "text=[1]",
            "tags[]=a",
            "tags[]=2",
            "a[b][c]=x",
            "a[b][d]=",
            "list[][id]=1",
        ];
        assert_eq!(
            body(&fields).unwrap(),
            json!({"name": "shop", "size": 5, "on": true, "none": null, "text": "[1]", "tags": ["a", 2], "a": {"b": {"c": "x", "d": ""}}, "list": [{"id": 1}]})
        );
        for bad in [
            &["a=1", "a=2"][..],
            &["a=1", "a[b]=2"],
            &["a[b=1"],
            &["a[]=1", "a[b]=1"],
        ] {
            assert!(body(bad).is_err(), "{bad:?}");
        }
    }
}
