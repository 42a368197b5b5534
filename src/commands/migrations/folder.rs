//! Migrations as files: `supabase/migrations/<version>_<name>.sql`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Where the official CLI keeps them, below the folder that `supabase init` was run in.
const FOLDER: &str = "supabase/migrations";

/// One migration that has a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) version: String,
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl File {
    /// How it is told of: the name of the file.
    pub(super) fn label(&self) -> String {
        format!("{}_{}.sql", self.version, self.name)
    }

    /// Reads one file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let Some((version, name)) = path.file_name().and_then(parts) else {
            return Err(Error::invalid_with_hint(
                format!("`{shown}` is not the name of a migration"),
                "it begins with digits: `20260131093000_add_users.sql`",
            ));
        };
        let bytes = std::fs::read(path).map_err(|error| Error::file(shown.to_string(), error))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Error::invalid(format!("`{shown}` is not UTF-8 text")))?;
        Ok(Self {
            version: version.to_owned(),
            name: name.to_owned(),
            path: path.to_owned(),
            // A mark that some editors leave, and that PostgreSQL takes for a mistake.
            text: text
                .strip_prefix('\u{feff}')
                .map(str::to_owned)
                .unwrap_or(text),
        })
    }
}

/// The folder with all files in it.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// In the order in which they are applied.
    pub(super) files: Vec<File>,
    /// Names that are not those of migrations.
    pub(super) odd: Vec<String>,
}

impl Folder {
    /// Reads the nearest folder, from here upwards; one that is nowhere is empty.
    pub(super) fn nearest() -> Result<Self> {
        let here = std::env::current_dir().map_err(|error| Error::file("this folder", error))?;
        let found = here
            .ancestors()
            .map(|folder| folder.join(FOLDER))
            .find(|folder| folder.is_dir());
        match found {
            Some(path) => Self::read(path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path)),
            None => Ok(Self {
                path: here.join(FOLDER),
                files: Vec::new(),
                odd: Vec::new(),
            }),
        }
    }

    fn read(path: PathBuf) -> Result<Self> {
        let unreadable = |error| Error::file(path.display().to_string(), error);
        let (mut files, mut odd) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(&path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            if parts(&name).is_some() && entry.path().is_file() {
                files.push(File::read(&entry.path())?);
            } else if !name.to_string_lossy().starts_with('.') {
                odd.push(name.to_string_lossy().into_owned());
            }
        }
        odd.sort();
        in_order(&mut files)?;
        Ok(Self { path, files, odd })
    }

    /// What is said of files that were passed over.
    pub(super) fn note(&self) -> Option<String> {
        (!self.odd.is_empty()).then(|| {
            format!(
                "Skipped, since it is not named `<VERSION>_<NAME>.sql`: {}",
                self.odd.join(", ")
            )
        })
    }
}

/// Puts files into the order of their versions.
///
/// # Errors
/// `invalid_input` where two have the same: a project can only have one of them.
pub(super) fn in_order(files: &mut [File]) -> Result<()> {
    // As text, since the official CLI compares them so.
    files.sort_by(|one, other| {
        one.version
            .cmp(&other.version)
            .then_with(|| one.name.cmp(&other.name))
    });
    match files
        .windows(2)
        .find(|pair| pair[0].version == pair[1].version)
    {
        Some(pair) => Err(Error::invalid_with_hint(
            format!(
                "`{}` and `{}` have the same version",
                pair[0].label(),
                pair[1].label()
            ),
            "give one of them another number",
        )),
        None => Ok(()),
    }
}

/// The version and the name in the name of a file.
fn parts(file: &OsStr) -> Option<(&str, &str)> {
    let (version, name) = file.to_str()?.strip_suffix(".sql")?.split_once('_')?;
    let digits = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some((version, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_official_cli() {
        for (file, version, name) in [
            (
                "20260131093000_add_users.sql",
                "20260131093000",
                "add_users",
            ),
            ("1_it's \"ünïcode\".sql", "1", "it's \"ünïcode\""),
            ("0__.sql.sql", "0", "_.sql"),
            ("20260131093000_.sql", "20260131093000", ""),
        ] {
            assert_eq!(parts(OsStr::new(file)), Some((version, name)), "{file}");
        }
        for file in [
            "add_users.sql",
            "20260131.sql",
            "_x.sql",
            "1a_x.sql",
            "1_x.SQL",
            "1_x.sql~",
            "١_x.sql",
            "README.md",
        ] {
            assert_eq!(parts(OsStr::new(file)), None, "{file}");
        }
    }

    #[test]
    fn a_folder_is_read_in_order_and_odd_names_are_told() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("20260102000000_b.sql", "select 2"),
            ("20260101000000_a.sql", "\u{feff}select 1"),
            ("notes.md", ""),
            (".hidden", ""),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        std::fs::create_dir(folder.path().join("20260103000000_c.sql")).unwrap();
        let read = Folder::read(folder.path().to_owned()).unwrap();
        let texts: Vec<_> = read.files.iter().map(|file| file.text.as_str()).collect();
        assert_eq!(texts, ["select 1", "select 2"]);
        assert_eq!(read.odd, ["20260103000000_c.sql", "notes.md"]);
        std::fs::write(folder.path().join("20260101000000_z.sql"), "").unwrap();
        assert!(Folder::read(folder.path().to_owned()).is_err());
        std::fs::write(folder.path().join("20260101000000_z.sql"), [0xff]).unwrap();
        assert!(Folder::read(folder.path().to_owned()).is_err());
    }
}
