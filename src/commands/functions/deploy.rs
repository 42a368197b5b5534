//! `functions deploy`
//!
//! Longer than other verbs: many functions at once, each of which may fail alone.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use futures_util::{StreamExt, stream};

use super::outcome::{self, Outcome};
use crate::api::{Api, Function, ProjectRef, Record, Slug};
use crate::app::App;
use crate::bundle::{Bundle, Flags, Tree};
use crate::cli::WriteArgs;
use crate::error::{Code, Error, Result};
use crate::output::Reply;
use crate::settings;

/// Deploy functions from `supabase/functions`
///
/// Sends the folder of each function, `_shared`, the import map, and whatever is imported from there
/// on, but nothing that a `.gitignore` leaves out. Settings come from `supabase/config.toml`. A
/// function is skipped where the same is deployed already.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl functions deploy hello\n  supactl functions deploy --all --prune --yes\n  supactl functions deploy hello --no-verify-jwt --dry-run",
    group(clap::ArgGroup::new("which").required(true).args(["slugs", "all"]))
)]
pub(crate) struct Deploy {
    /// Slug of a function, which is the name of its folder
    #[arg(value_name = "SLUG")]
    slugs: Vec<Slug>,

    /// Deploy all that are there
    #[arg(long)]
    all: bool,

    /// Answer calls without a JWT too
    #[arg(long)]
    no_verify_jwt: bool,

    /// File that maps imports; by default the nearest `deno.json` or `import_map.json`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    import_map: Option<PathBuf>,

    /// File that it begins with; by default `index.ts` in its folder
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "all")]
    entrypoint: Option<PathBuf>,

    /// Delete deployed functions that have no folder here, after asking
    #[arg(long)]
    prune: bool,

    /// How many are deployed at the same time
    #[arg(long, value_name = "COUNT", default_value = "4", value_parser = clap::value_parser!(u8).range(1..=16))]
    jobs: u8,

    #[command(flatten)]
    write: WriteArgs,
}

impl Deploy {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let tree = Tree::nearest(&settings::current_folder()?)?;
        let slugs = self.chosen(app, &tree)?;
        let flags = Flags {
            no_verify_jwt: self.no_verify_jwt,
            import_map: self.import_map,
            entrypoint: self.entrypoint,
        };
        // All are gathered before anything is sent: a mistake in the last one stops the first.
        let bundles: Vec<Bundle> = slugs
            .iter()
            .map(|slug| tree.gather(slug, &flags))
            .collect::<Result<_>>()?;
        for doubt in bundles.iter().flat_map(|bundle| &bundle.doubts) {
            app.say(doubt);
        }
        if self.prune {
            app.terminal()
                .can_confirm("Delete the functions that have no folder here?")?;
        }
        let project = app.project_to_change().await?;
        let api = app.api()?;
        // A token may be allowed to deploy and not to look: then nothing is compared.
        let deployed = match api.functions(&project).await {
            Err(Error::Api(error)) if error.code == Code::Forbidden && !self.prune => Vec::new(),
            deployed => deployed?,
        };
        let orphans = if self.prune {
            orphans(app, &tree, &deployed)?
        } else {
            Vec::new()
        };
        let bar = app.terminal().counter("functions done");
        let work = bundles.iter().map(|bundle| async {
            let outcome = deploy(api, &project, bundle, &deployed).await;
            bar.inc(1);
            outcome
        });
        let mut outcomes: Vec<Outcome> = stream::iter(work)
            .buffer_unordered(usize::from(self.jobs))
            .collect()
            .await;
        for slug in &orphans {
            let gone = api.delete_function(&project, slug).await;
            outcomes.push(Outcome::of(slug, gone.map(|()| ("deleted", None))));
        }
        bar.finish_and_clear();
        Ok(outcome::reply(outcomes))
    }

    fn chosen(&self, app: &App, tree: &Tree) -> Result<Vec<Slug>> {
        if self.entrypoint.is_some() && self.slugs.len() > 1 {
            return Err(Error::invalid(
                "`--entrypoint` is the beginning of one function: name one",
            ));
        }
        if !self.all {
            let mut slugs = self.slugs.clone();
            slugs.sort();
            slugs.dedup();
            return Ok(slugs);
        }
        let (slugs, off) = tree.slugs()?;
        for slug in off {
            app.say(&format!(
                "Skipped `{slug}`, which supabase/config.toml switches off"
            ));
        }
        if slugs.is_empty() {
            return Err(Error::invalid(
                "there is no function in `supabase/functions`",
            ));
        }
        Ok(slugs)
    }
}

/// Deploys one, unless the same is there.
async fn deploy(
    api: &Api,
    project: &ProjectRef,
    bundle: &Bundle,
    deployed: &[Function],
) -> Outcome {
    let slug = &bundle.slug;
    let before = deployed
        .iter()
        .find(|function| function.text("slug") == Some(slug.as_str()));
    if let Some(before) = before
        && outcome::is_set_alike(before, &bundle.metadata)
        // What cannot be compared is deployed.
        && let Ok(mut sources) = api.function_sources(project, slug).await
    {
        sources.sort();
        if sources == bundle.files {
            return Outcome::of(slug, Ok(("unchanged", Some(before.clone()))))
                .with_files(&bundle.files);
        }
    }
    let done = api
        .deploy_function(project, slug, bundle.metadata.clone(), &bundle.files)
        .await;
    Outcome::of(slug, done.map(|function| ("deployed", Some(function)))).with_files(&bundle.files)
}

/// The deployed functions that have no folder, once it is clear that they are to go.
fn orphans(app: &App, tree: &Tree, deployed: &[Function]) -> Result<Vec<Slug>> {
    let slugs = deployed
        .iter()
        .filter_map(|function| function.text("slug")?.parse().ok());
    let orphans: Vec<Slug> = slugs.filter(|slug| !tree.has(slug)).collect();
    if !orphans.is_empty() {
        let names: Vec<_> = orphans.iter().map(Slug::as_str).collect();
        app.terminal().confirm(&format!(
            "Delete `{}` from project {}, without a folder here?",
            names.join("`, `"),
            app.project_in_question()?
        ))?;
    }
    Ok(orphans)
}
