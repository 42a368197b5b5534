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
