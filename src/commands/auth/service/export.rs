//! `auth service export`

use clap::Args;
use serde_json::Value;

use super::{named, words};
use crate::api::{Area, Kind, Setting, is_unset};
use crate::app::App;
use crate::error::Result;
use crate::output::{Reply, yaml_line};
use crate::usage;

/// Write the settings of the Auth service as a file for `config` and `diff`
///
/// Secrets are left out, since the service tells only digests of them: they are named in comments.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth service export > auth.yaml\n  supactl auth service export password mfa",
    group(usage::prints_bytes())
)]
pub(crate) struct Export {
    /// Areas or settings; by default everything
    #[arg(value_name = "AREA|KEY", value_parser = words())]
    words: Vec<String>,
}

impl Export {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let config = app.api()?.auth_config_now(&project).await?;
        let mut text = format!("# Settings of the Auth service of project {project}\n");
        let (mut area, mut left_out) = (None, Vec::new());
        let settings = named(&self.words)
            .filter(|setting| setting.kind != Kind::ReadOnly && setting.area != Area::Internal);
        for setting in settings {
            let Some(value) = config.get(setting.key) else {
                continue;
            };
            if area != Some(setting.area) {
                area = Some(setting.area);
                text.push_str(&format!("\n# {}\n", setting.area.word()));
            }
            if setting.is_secret() && !is_unset(value) {
                left_out.push(setting.key);
            }
            text.push_str(&line(setting, value));
        }
        let reply = Reply::bytes(text.into());
        Ok(match left_out.as_slice() {
            [] => reply,
            keys => reply.with_message(format!(
                "Left out, because they are secret: {}",
                keys.join(", ")
            )),
        })
    }
}

/// A setting as a line of the file, or as a comment where it could not be read from there.
fn line(setting: &Setting, value: &Value) -> String {
    let key = setting.key;
    if setting.is_secret() {
        return if is_unset(value) {
            String::new()
        } else {
            format!("# {key}: a secret that is set\n")
        };
    }
    let line = yaml_line(key, value);
    if setting.read(value).is_ok() {
        return line;
    }
    let commented: Vec<_> = line.lines().map(|line| format!("# {line}\n")).collect();
    commented.concat()
}
