//! The environment variables that are read, and what each is for: one table, which
//! `help environment` and the man page print, and which tests hold the program to.

/// One variable.
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    /// The flag that wins over it.
    pub(crate) flag: Option<&'static str>,
    pub(crate) meaning: &'static str,
}

const fn variable(
    name: &'static str,
    flag: Option<&'static str>,
    meaning: &'static str,
) -> Variable {
    Variable {
        name,
        flag,
        meaning,
    }
}

/// All of them: ours, then those that many programs share.
pub(crate) const VARIABLES: &[Variable] = &[
    variable(
        "SUPABASE_ACCESS_TOKEN",
        None,
        "token; wins over stored ones",
    ),
    variable(
        "SUPABASE_PROJECT_ID",
        Some("-p, --project"),
        "project to work on: its reference or its name",
    ),
    variable(
        "SUPABASE_AUTH_SERVICE_ROLE_KEY",
        Some("--service-key"),
        "secret key for the project's own APIs, instead of asking the Management API for one",
    ),
    variable(
        "SUPACTL_PROFILE",
        Some("--profile"),
        "profile with address, token and defaults; `sandbox` is built in",
    ),
    variable(
        "SUPACTL_FORMAT",
        Some("-o, --format"),
        "shape of the output; `--jq` does not look at it",
    ),
    variable(
        "SUPACTL_API_URL",
        Some("--api-url"),
        "address of the Management API; default https://api.supabase.com",
    ),
    variable(
        "SUPACTL_PROJECT_URL",
        Some("--project-url"),
        "address of a project's gateway; `{ref}` is replaced; default https://{ref}.supabase.co",
    ),
    variable(
        "SUPACTL_CONFIG_DIR",
        None,
        "folder of profiles and stored tokens; default: the system's",
    ),
    variable(
        "SUPACTL_CACHE_DIR",
        None,
        "folder of cached answers; default: the system's",
    ),
    variable(
        "SUPACTL_STATE_DIR",
        None,
        "folder of the sandbox; default: the system's",
    ),
    variable(
        "SUPACTL_SANDBOX_POSTGRES",
        None,
        "folder of the socket of a PostgreSQL that the sandbox uses for SQL; default: it starts its own",
    ),
    variable(
        "SUPACTL_REQUEST_TIMEOUT",
        Some("--request-timeout"),
        "longest time for one try of a request; default 30s",
    ),
    variable(
        "SUPACTL_RETRIES",
        Some("--retries"),
        "how often a request is repeated where that is harmless; default 3",
    ),
    variable(
        "SUPACTL_NO_CACHE",
        Some("--no-cache"),
        "any value but `0`: neither read nor write cached answers",
    ),
    variable(
        "SUPACTL_CACHE",
        None,
        "`1`: keep answers on disk although `CI` is set",
    ),
    variable(
        "SUPACTL_CA_FILE",
        Some("--ca-file"),
        "certificates to trust besides the system's, in PEM",
    ),
    variable(
        "SUPACTL_COMPLETE",
        None,
        "name of a shell: set by the scripts of `completions`, which ask what Tab offers",
    ),
    variable(
        "CI",
        None,
        "any value but `0` and `false`: never ask, draw no progress, keep no answers on disk",
    ),
    variable("NO_COLOR", None, "any value: no colour; `--color` wins"),
    variable("CLICOLOR", None, "`0`: no colour"),
    variable(
        "CLICOLOR_FORCE",
        None,
        "any value but `0`: colour although it is piped",
    ),
    variable(
        "COLUMNS",
        None,
        "width of tables, instead of asking the terminal",
    ),
    variable(
        "TZ",
        None,
        "time zone of tables, instead of the system's; `--utc` wins",
    ),
    variable("TERM", None, "`dumb`: no colour and no progress"),
    variable(
        "PATH",
        None,
        "where the programs of PostgreSQL are looked for, which the sandbox runs SQL with",
    ),
    variable(
        "HTTPS_PROXY",
        None,
        "proxy for requests; this machine is always asked directly",
    ),
    variable("HTTP_PROXY", None, "the same for `http://` addresses"),
    variable("ALL_PROXY", None, "the same for both"),
    variable(
        "NO_PROXY",
        None,
        "hosts to ask without the proxy, with commas between them",
    ),
    variable(
        "SSL_CERT_FILE",
        None,
        "certificates to trust instead of the system's, in PEM",
    ),
    variable("SSL_CERT_DIR", None, "folder with such certificates"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The text of every source file.
    fn sources(folder: &Path, texts: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, texts);
            } else if path.extension().is_some_and(|kind| kind == "rs")
                && !path.ends_with("environment.rs")
            {
                texts.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }

    #[test]
    fn what_the_program_reads_is_in_the_table() {
        let names: BTreeSet<&str> = VARIABLES.iter().map(|variable| variable.name).collect();
        assert_eq!(names.len(), VARIABLES.len());
        let mut texts = Vec::new();
        sources(
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
            &mut texts,
        );
        for text in &texts {
            // What tests are told is no setting of the program.
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let read = text.split("variable(\"").skip(1);
            for name in read.filter_map(|rest| rest.split('"').next()) {
                assert!(names.contains(name), "{name}");
            }
            for literal in text.split('"') {
                let ours = ["SUPACTL_", "SUPABASE_"]
                    .iter()
                    .any(|start| literal.starts_with(start));
                // One that ends in `_` is the beginning of names.
                let is_name = !literal.ends_with('_')
                    && literal
                        .bytes()
                        .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
                assert!(!ours || !is_name || names.contains(literal), "{literal}");
            }
        }
    }

    #[test]
    fn the_page_on_configuration_has_all_of_them() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
        let page = std::fs::read_to_string(page).unwrap();
        for variable in VARIABLES {
            assert!(
                page.contains(&format!("`{}`", variable.name)),
                "{}",
                variable.name
            );
        }
    }

    #[test]
    fn help_of_a_flag_names_its_variable() {
        let tree = crate::command();
        for argument in tree.get_arguments() {
            let help = argument.get_long_help().or(argument.get_help());
            let help = help.map(ToString::to_string).unwrap_or_default();
            let told = help
                .split_once("[env: ")
                .and_then(|(_, rest)| rest.split_once(']'))
                .map(|(name, _)| name);
            let long = argument.get_long().map(|long| format!("--{long}"));
            let ours = VARIABLES.iter().find(|variable| {
                variable
                    .flag
                    .is_some_and(|flag| flag.split(", ").any(|one| Some(one) == long.as_deref()))
            });
            assert_eq!(told, ours.map(|variable| variable.name), "{long:?}");
        }
    }
}
