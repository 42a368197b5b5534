//! `functions invoke`
//!
//! Its length is that of its arguments: what it does with them fits a screen.

use std::time::Instant;

use clap::Args;

use super::call;
use crate::api::{ApiError, Call, Caller, Method, Slug};
use crate::app::App;
use crate::cli::{WriteArgs, header, method};
use crate::error::{Code, Result};
use crate::output::Reply;
use crate::usage;

/// Call a function, and print what it answers as it comes
///
/// Its status and the time go to standard error. An answer of 400 and above is printed too, and ends
/// with status 1.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl functions invoke checkout -d '{\"items\":[1,2]}'\n  supactl functions invoke checkout -d @order.json --service\n  supactl functions invoke stripe-webhook --method GET -H 'X-Trace: 1'",
    group(usage::prints_bytes())
)]
pub(crate) struct Invoke {
    /// Slug of the function
    slug: Slug,

    /// Body: JSON, `@FILE`, or `-` for standard input
    #[arg(short, long, value_name = "JSON|@FILE|-")]
    data: Option<String>,

    /// GET, HEAD, POST, PUT, PATCH or DELETE
    #[arg(long, value_parser = method, default_value = "POST")]
    method: Method,

    /// Header to send; `Authorization` replaces the key
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,

    /// Call it as an app that nobody has signed in to, which is the default
    #[arg(long, conflicts_with = "service")]
    anon: bool,

    /// Call it with all rights, with the project's secret key
    #[arg(long)]
    service: bool,

    #[command(flatten)]
    write: WriteArgs,
}

impl Invoke {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let call = Call {
            method: self.method,
            body: call::body(self.data.as_deref(), &self.headers)?,
            headers: self.headers,
            caller: if self.service {
                Caller::Service
            } else {
                Caller::Anon
            },
        };
        let slug = &self.slug;
        let project = app.project_to_change().await?;
        let started = Instant::now();
        let mut answer = app.api()?.invoke(&project, slug, call).await?;
        let mut out = app.output().raw();
        while let Some(bytes) = answer.next_bytes().await? {
            if out.write(&bytes)?.is_break() {
                break;
            }
        }
        out.end()?;
        let status = answer.status();
        let done = format!("{status} in {} ms", started.elapsed().as_millis());
        if status < 400 {
            return Ok(Reply::nothing().with_message(done));
        }
        app.say(&done);
        let error = ApiError::new(
            Code::FunctionFailed,
            format!("function `{slug}` answered {status}"),
        );
        let error = ApiError {
            status: Some(status),
            request_id: answer.request_id(),
            ..error
        };
        Err(call::hinted(error).into())
    }
}
