//! `storage buckets list`

use clap::{Args, ValueEnum};

use super::COLUMNS;
use crate::api::{Bucket, BucketSearch, ProjectRef, Record, newest_first};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// List buckets, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl storage buckets list\n  supactl storage buckets list --search avatar --sort name --order asc"
)]
pub(crate) struct List {
    /// Only buckets with this text in their name, whatever its case
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,

    /// At most so many
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,

    /// Property to sort by
    #[arg(long, value_enum, default_value = "created_at")]
    sort: Sort,

    /// Direction; by default newest first for times and A to Z for names
    #[arg(long, value_enum)]
    order: Option<Order>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Sort {
    Name,
    CreatedAt,
    UpdatedAt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    Asc,
    Desc,
}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let reply = match app.api()?.buckets(&project, &self.search()).await {
            Ok(buckets) => Reply::list(buckets, COLUMNS),
            // Without the right to see secret keys there is a poorer list, which needs none.
            Err(Error::Api(error))
                if error.code == Code::Forbidden && error.permission.is_some() =>
            {
                let missing = error.permission.unwrap_or_default();
                Reply::list(self.without_key(app, &project).await?, COLUMNS).with_message(format!(
                    "Type, limits and MIME types are unknown: this token lacks the permission `{missing}`. \
                     Pass a secret key with `--service-key env:NAME` to see them"
                ))
            }
            Err(error) => return Err(error),
        };
        Ok(reply.with_message_if_empty("No buckets found"))
    }

    fn search(&self) -> BucketSearch {
        BucketSearch {
            search: self.search.clone(),
            limit: self.limit,
            offset: None,
            sort: Some(match self.sort {
                Sort::Name => "name",
                Sort::CreatedAt => "created_at",
                Sort::UpdatedAt => "updated_at",
            }),
            order: Some(match self.order() {
                Order::Asc => "asc",
                Order::Desc => "desc",
            }),
        }
    }

    fn order(&self) -> Order {
        self.order.unwrap_or(if self.sort == Sort::Name {
            Order::Asc
        } else {
            Order::Desc
        })
    }

    /// The list of the Management API, which takes no parameters: they are applied here.
    async fn without_key(&self, app: &App, project: &ProjectRef) -> Result<Vec<Bucket>> {
        let mut buckets = app.api()?.buckets_without_key(project).await?;
        if let Some(text) = self.search.as_deref().map(str::to_lowercase) {
            buckets.retain(|bucket| {
                bucket
                    .text("name")
                    .is_some_and(|name| name.to_lowercase().contains(&text))
            });
        }
        match self.sort {
            Sort::CreatedAt => newest_first(&mut buckets),
            Sort::Name => buckets.sort_by(|one, other| other.text("name").cmp(&one.text("name"))),
            Sort::UpdatedAt => {
                buckets.sort_by(|one, other| other.text("updated_at").cmp(&one.text("updated_at")));
            }
        }
        if self.order() == Order::Asc {
            buckets.reverse();
        }
        buckets.truncate(self.limit.map_or(usize::MAX, |limit| limit as usize));
        Ok(buckets)
    }
}
