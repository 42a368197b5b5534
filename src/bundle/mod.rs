//! What a function is made of: its files and settings, gathered from a folder of the official CLI's
//! kind. Sends nothing.

mod config;
mod imports;
mod walk;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::api::{Slug, Source};
use crate::error::{Error, Result};
use config::Settings;
use imports::{ImportMap, is_code, specifiers};

/// Where functions are, seen from the root of a project.
const FUNCTIONS: &str = "supabase/functions";

/// Code that several functions share.
const SHARED: &str = "_shared";

/// What a function may begin with, the first that is there.
const ENTRY_POINTS: [&str; 5] = [
    "index.ts",
    "index.js",
    "index.tsx",
    "index.jsx",
    "index.mjs",
];

/// Where its imports may be mapped, the first that is there.
const IMPORT_MAPS: [&str; 3] = ["deno.json", "deno.jsonc", "import_map.json"];

/// The most that a function may hold, in bytes: the service's limit is 20 MB for what it makes of the
/// sources, which are never more than that.
const LIMIT: u64 = 20_000_000;

/// A function that is ready to be deployed.
#[derive(Debug)]
pub(crate) struct Bundle {
    pub(crate) slug: Slug,
    /// The settings in the words of the service.
    pub(crate) metadata: Value,
    /// Its files by their paths from the root of the project.
    pub(crate) files: Vec<Source>,
    /// What looks wrong and is left to the service to judge.
    pub(crate) doubts: Vec<String>,
}

/// What the command line says, which wins over the settings in files.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    pub(crate) no_verify_jwt: bool,
    pub(crate) import_map: Option<PathBuf>,
    pub(crate) entrypoint: Option<PathBuf>,
}

/// A folder with functions in it.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The folder that has `supabase` in it, without links on the way to it.
    root: PathBuf,
    settings: BTreeMap<String, Settings>,
}

impl Tree {
    /// Opens the nearest one, from a folder upwards.
    pub(crate) fn nearest(here: &Path) -> Result<Self> {
        let root = here
            .ancestors()
            .find(|folder| folder.join(FUNCTIONS).is_dir());
        let Some(root) = root else {
            return Err(Error::invalid_with_hint(
                format!("there is no folder `{FUNCTIONS}` here or above"),
                "a function is a folder in it, such as `supabase/functions/hello` with an `index.ts`",
            ));
        };
        let root = root
            .canonicalize()
            .map_err(|error| Error::file(root.display().to_string(), error))?;
        let settings = config::read(&root.join("supabase/config.toml"))?;
        Ok(Self { root, settings })
    }

    /// The functions that are there, and those that the settings switch off.
    pub(crate) fn slugs(&self) -> Result<(Vec<Slug>, Vec<Slug>)> {
        let folder = self.root.join(FUNCTIONS);
        let unreadable = |error| Error::file(folder.display().to_string(), error);
        let mut names: Vec<String> = self.settings.keys().cloned().collect();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if entry.path().is_dir() {
                names.extend(entry.file_name().into_string());
            }
        }
        names.sort();
        names.dedup();
        let slugs = names.iter().filter_map(|name| name.parse::<Slug>().ok());
        let begins = |slug: &Slug| self.entry_point(slug, &Flags::default()).is_some();
        Ok(slugs
            .filter(begins)
            .partition(|slug| self.of(slug).enabled != Some(false)))
    }

    /// Whether a function of this name has a folder here.
    pub(crate) fn has(&self, slug: &Slug) -> bool {
        self.folder(slug).is_dir() || self.settings.contains_key(slug.as_str())
    }

    fn of(&self, slug: &Slug) -> Settings {
        self.settings
            .get(slug.as_str())
            .cloned()
            .unwrap_or_default()
    }

    fn folder(&self, slug: &Slug) -> PathBuf {
        self.root.join(FUNCTIONS).join(slug.as_str())
    }

    /// Paths in the settings start at the folder of the settings, those on the command line here.
    fn named(&self, flag: Option<&PathBuf>, setting: Option<&String>) -> Option<PathBuf> {
        match (flag, setting) {
            (Some(flag), _) => Some(std::path::absolute(flag).unwrap_or_else(|_| flag.clone())),
            (None, Some(setting)) => Some(self.root.join("supabase").join(setting)),
            (None, None) => None,
        }
        .map(|path| plain(&path))
    }

    fn entry_point(&self, slug: &Slug, flags: &Flags) -> Option<PathBuf> {
        let named = self.named(flags.entrypoint.as_ref(), self.of(slug).entrypoint.as_ref());
        let usual = || ENTRY_POINTS.map(|name| self.folder(slug).join(name));
        named.or_else(|| usual().into_iter().find(|file| file.is_file()))
    }

    fn import_map(&self, slug: &Slug, flags: &Flags) -> Option<PathBuf> {
        let named = self.named(flags.import_map.as_ref(), self.of(slug).import_map.as_ref());
        let folders = [self.folder(slug), self.root.join(FUNCTIONS)];
        let usual = folders
            .iter()
            .flat_map(|folder| IMPORT_MAPS.map(|name| folder.join(name)));
        named.or_else(|| usual.into_iter().find(|file| file.is_file()))
    }

    /// Gathers what a function is made of: its folder, what is shared, its import map, and whatever is
    /// imported from there on.
    ///
    /// # Errors
    /// `invalid_input` where something is missing, ignored, out of the project or too large: the
    /// file is named.
    pub(crate) fn gather(&self, slug: &Slug, flags: &Flags) -> Result<Bundle> {
        let settings = self.of(slug);
        let Some(entry_point) = self.entry_point(slug, flags) else {
            return Err(Error::invalid_with_hint(
                format!(
                    "function `{slug}` has nothing to begin with: there is no `{FUNCTIONS}/{slug}/index.ts`"
                ),
                "another file is named with `--entrypoint`",
            ));
        };
        let mut files = Files::new(&self.root);
        files.add_below(&self.folder(slug))?;
        let mut to_read: Vec<PathBuf> = files.code();
        files.add_below(&self.root.join(FUNCTIONS).join(SHARED))?;
        files.add(&entry_point)?;
        to_read.push(entry_point.clone());
        let mut metadata = Map::new();
        metadata.insert(
            "entrypoint_path".to_owned(),
            json!(files.name(&entry_point)?),
        );
        let mut map = ImportMap::default();
        if let Some(file) = self.import_map(slug, flags) {
            files.add(&file)?;
            metadata.insert("import_map_path".to_owned(), json!(files.name(&file)?));
            map = ImportMap::read(&file)?;
            if let Some(other) = map.elsewhere.clone() {
                files.add(&other)?;
                map = ImportMap::read(&other)?;
            }
        }
        let patterns: Vec<String> = settings
            .static_files
            .iter()
            .map(|pattern| walk::from_root(pattern))
            .collect();
        if !patterns.is_empty() {
            for file in walk::matching(&self.root, &patterns)? {
                files.add(&file)?;
            }
            metadata.insert("static_patterns".to_owned(), json!(patterns));
        }
        let verify_jwt = if flags.no_verify_jwt {
            Some(false)
        } else {
            settings.verify_jwt
        };
        metadata.extend(verify_jwt.map(|verify| ("verify_jwt".to_owned(), json!(verify))));
        let doubts = files.follow(to_read, &map)?;
        Ok(Bundle {
            slug: slug.clone(),
            metadata: Value::Object(metadata),
            files: files.sources(),
            doubts,
        })
    }
}

/// The files of one function, each once, by their names from the root.
struct Files<'a> {
    root: &'a Path,
    found: BTreeMap<String, (PathBuf, Bytes)>,
    size: u64,
}

impl<'a> Files<'a> {
    fn new(root: &'a Path) -> Self {
        Self {
            root,
            found: BTreeMap::new(),
            size: 0,
        }
    }

    /// A path from the root, as the service wants it.
    fn name(&self, file: &Path) -> Result<String> {
        let outside = || {
            Error::invalid_with_hint(
                format!(
                    "`{}` is outside the project, whose root is {}",
                    file.display(),
                    self.root.display()
                ),
                "a function can only be made of files below the folder that has `supabase` in it",
            )
        };
        let below = file.strip_prefix(self.root).map_err(|_| outside())?;
        let mut steps = Vec::new();
        for step in below.components() {
            let Component::Normal(step) = step else {
                return Err(outside());
            };
            let step = step
                .to_str()
                .filter(|step| !step.contains(['"', '\\']) && !step.contains(char::is_control));
            steps.push(step.ok_or_else(|| {
                Error::invalid(format!("the name of `{}` cannot be sent: it has quotes, backslashes, control characters, or is no Unicode", below.display()))
            })?);
        }
        Ok(steps.join("/"))
    }

    /// Adds a file that is wanted by name.
    fn add(&mut self, file: &Path) -> Result<()> {
        let name = self.name(file)?;
        if self.found.contains_key(&name) {
            return Ok(());
        }
        if !file.is_file() {
            return Err(Error::invalid(format!("`{name}` is not there")));
        }
        if !walk::is_kept(self.root, file)? {
            return Err(Error::invalid_with_hint(
                format!("`{name}` is needed, and is left out by a `.gitignore` or `.ignore`"),
                "take it out of that file, for example with a line that begins with `!`",
            ));
        }
        self.insert(name, file)
    }

    /// Adds all that is in a folder and not ignored.
    fn add_below(&mut self, folder: &Path) -> Result<()> {
        for file in walk::below(self.root, folder)? {
            let name = self.name(&file)?;
            if !self.found.contains_key(&name) {
                self.insert(name, &file)?;
            }
        }
        Ok(())
    }

    fn insert(&mut self, name: String, file: &Path) -> Result<()> {
        let unreadable = |error| Error::file(name.clone(), error);
        let real = file.canonicalize().map_err(unreadable)?;
        if !real.starts_with(self.root) {
            return Err(Error::invalid(format!(
                "`{name}` is a link to {}, which is outside the project",
                real.display()
            )));
        }
        let size = std::fs::metadata(&real).map_err(unreadable)?.len();
        self.size += size;
        if self.size > LIMIT {
            let alone = if size > LIMIT {
                ""
            } else {
                ", with what came before it,"
            };
            return Err(Error::invalid_with_hint(
                format!(
                    "`{name}`{alone} is too large: {size} bytes, and a function may have {LIMIT} in all"
                ),
                "a line in a `.gitignore` or `.ignore` beside it leaves it out",
            ));
        }
        let bytes = Bytes::from(std::fs::read(&real).map_err(unreadable)?);
        self.found.insert(name, (file.to_owned(), bytes));
        Ok(())
    }

    /// The files that may import others.
    fn code(&self) -> Vec<PathBuf> {
        let files = self.found.values().map(|(file, _)| file.clone());
        files.filter(|file| is_code(file)).collect()
    }

    /// Follows imports from file to file. What is not found may be no import at all: a bundler knows
    /// better, so that is a doubt and no error.
    fn follow(&mut self, mut to_read: Vec<PathBuf>, map: &ImportMap) -> Result<Vec<String>> {
        let mut read = std::collections::BTreeSet::new();
        let mut doubts = Vec::new();
        while let Some(file) = to_read.pop() {
            let name = self.name(&file)?;
            let Some((_, bytes)) = self.found.get(&name).filter(|_| read.insert(name.clone()))
            else {
                continue;
            };
            for specifier in specifiers(&String::from_utf8_lossy(bytes)) {
                let Some(target) = map.resolve(&specifier, &file) else {
                    continue;
                };
                if !target.is_file() {
                    doubts.push(format!(
                        "`{name}` imports `{specifier}`, which is not there"
                    ));
                    continue;
                }
                self.add(&target)?;
                if is_code(&target) {
                    to_read.push(target);
                }
            }
        }
        doubts.sort();
        doubts.dedup();
        Ok(doubts)
    }

    fn sources(self) -> Vec<Source> {
        let sources = self.found.into_iter();
        sources
            .map(|(path, (_, bytes))| Source { path, bytes })
            .collect()
    }
}

/// A path without `.` and `..`, whether or not anything is there.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for step in path.components() {
        match step {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}
