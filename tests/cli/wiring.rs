use std::path::{Path, PathBuf};

#[test]
fn every_file_of_a_command_is_declared_by_its_folder() {
    // A file that nothing declares is not compiled, and the compiler says nothing about it.
    let mut forgotten = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands")];
    while let Some(folder) = folders.pop() {
        let declarations = std::fs::read_to_string(folder.join("mod.rs")).unwrap_or_default();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path.clone());
            } else if path.extension().is_none_or(|end| end != "rs") || name == "mod" {
                continue;
            }
            let declared = declarations.lines().any(|line| {
                line.trim_start_matches("pub(crate) ")
                    .trim_start_matches("pub(super) ")
                    .trim_start_matches("mod ")
                    .trim_start_matches("r#")
                    == format!("{name};")
            });
            if !declared {
                forgotten.push(path);
            }
        }
    }
    assert!(
        forgotten.is_empty(),
        "declare these in the mod.rs of their folder: {forgotten:#?}"
    );
}

#[test]
fn every_crate_gives_its_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let reasons = std::fs::read_to_string(root.join("docs/dependencies.md")).unwrap();
    let named: Vec<&str> = reasons
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|names| names.split([',', ' ', '(', ')']))
        .collect();
    let mut unexplained = Vec::new();
    let mut within = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            within = line.ends_with("dependencies]");
        } else if within
            && let Some((name, _)) = line.split_once(" = ")
            && !line.starts_with('#')
            && !named.contains(&name.trim())
        {
            unexplained.push(name.to_owned());
        }
    }
    assert!(
        unexplained.is_empty(),
        "docs/dependencies.md does not say what these are for: {unexplained:?}"
    );
}

#[test]
fn only_one_file_knows_the_operating_system() {
    let mut elsewhere = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let tells = [
                "cfg(unix",
                "cfg(windows",
                "cfg(target_os",
                "cfg!(windows",
                "cfg!(unix",
                "std::os::unix",
            ];
            if tells.iter().any(|word| text.contains(word)) && !path.ends_with("src/platform.rs") {
                elsewhere.push(path);
            }
        }
    }
    assert!(
        elsewhere.is_empty(),
        "platform.rs is for this: {elsewhere:#?}"
    );
}

#[test]
fn no_sql_is_put_together_outside_its_own_module() {
    // The types see to it that only constants and quoted pieces become a statement; this is for texts
    // that would be handed in as if a person had written them.
    let put_together = regex::Regex::new(
        r#"(?:format|concat|write)!\(\s*[^"]{0,20}"\s*(?:select|insert into|update|delete from|create|drop|alter|grant|revoke|do|comment on|begin|set)\s+[a-z{\\"]"#,
    )
    .unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // The logs have a database of another kind, with its own rules and its own module for them.
    let own = ["api/sql", "api/logs", "sandbox"].map(|folder| source.join(folder));
    let (mut wrong, mut written) = (Vec::new(), Vec::new());
    let mut folders = vec![source];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if own.contains(&path) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            if put_together.is_match(text) || text.contains("/database/query") {
                wrong.push(path.clone());
            }
            if text.contains("Sql::written(") {
                written.push(path);
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "SQL is filled in with `Sql::fill`: {wrong:#?}"
    );
    written.sort();
    let names: Vec<_> = written
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy())
        .collect();
    // What a person wrote: SQL, and files of migrations.
    assert_eq!(names, ["migrations.rs", "query.rs"], "{written:#?}");
}
