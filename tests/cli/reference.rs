use std::path::Path;

use crate::help::leaves;

/// Columns of the help in the reference, whatever terminal it is written on.
const WIDTH: usize = 100;

#[test]
fn the_reference_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let now = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == now,
        "docs/commands.md is out of date: run `UPDATE_DOCS=1 cargo test --test cli reference`"
    );
}

/// What the program says of itself, a heading for each command.
fn reference() -> String {
    let mut text = String::from(
        "# Commands\n\nWritten by `UPDATE_DOCS=1 cargo test --test cli reference`: do not edit.\n\n\
         `supactl COMMAND --help` shows the same in the terminal.\n",
    );
    let mut root = supactl::command().term_width(WIDTH);
    text.push_str(&section("supactl", &root.render_long_help().to_string()));
    for (words, command) in leaves() {
        // What every command takes stands above, once.
        let mut command = command.term_width(WIDTH).mut_args(|argument| {
            let hidden = argument.is_global_set();
            argument.hide(hidden)
        });
        text.push_str(&section(&words, &command.render_long_help().to_string()));
    }
    text
}

fn section(heading: &str, help: &str) -> String {
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    format!(
        "\n## {heading}\n\n```text\n{}\n```\n",
        lines.join("\n").trim_end()
    )
}
