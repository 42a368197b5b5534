//! The shapes in which data is printed.

use clap::ValueEnum;

/// A shape for data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people; tab-separated without a header when piped
    #[default]
    Table,
    /// One envelope with data, error and metadata
    Json,
    /// The same envelope in YAML
    Yaml,
    /// Comma-separated with a header, data only
    Csv,
    /// One JSON object a line, data only
    Ndjson,
}

impl Format {
    /// Its word on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }
}
