use clap::Command;

use crate::support::World;

/// Every command that does something, with the words that call it.
pub(crate) fn leaves() -> Vec<(String, Command)> {
    fn walk(command: &Command, words: &str, found: &mut Vec<(String, Command)>) {
        let below: Vec<_> = command
            .get_subcommands()
            .filter(|below| below.get_name() != "help" && !below.is_hide_set())
            .collect();
        for one in &below {
            walk(one, &format!("{words} {}", one.get_name()), found);
        }
        if below.is_empty() {
            found.push((words.to_owned(), command.clone()));
        }
    }
    let mut root = supactl::command();
    root.build();
    let mut found = Vec::new();
    walk(&root, "supactl", &mut found);
    found
}

#[test]
fn every_command_says_what_it_does_in_one_line() {
    fn walk(command: &Command, words: &str) {
        let about = command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(!about.is_empty(), "`{words}` has no help");
        assert!(
            !about.contains('\n'),
            "the help of `{words}` has more than one line"
        );
        assert!(
            !about.ends_with('.'),
            "the help of `{words}` ends with a full stop"
        );
        assert!(about.starts_with(char::is_uppercase), "{words}: {about}");
        for below in command.get_subcommands() {
            walk(below, &format!("{words} {}", below.get_name()));
        }
    }
    walk(&supactl::command(), "supactl");
}

#[test]
fn every_command_has_an_example_of_itself() {
    for (words, command) in leaves() {
        let after = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let examples: Vec<_> = after
            .lines()
            .filter_map(|line| line.strip_prefix("  supactl "))
            .collect();
        assert!(!examples.is_empty(), "`{words}` has no example");
        for example in examples {
            assert!(
                format!("supactl {example}").starts_with(&words),
                "`{words}` has an example of something else: {example}"
            );
        }
    }
}

#[test]
fn every_argument_says_what_it_is() {
    for (words, command) in leaves() {
        for argument in command.get_arguments() {
            assert!(
                argument.get_help().is_some(),
                "`{words}`: {} has no help",
                argument.get_id()
            );
        }
    }
}

#[test]
fn no_command_takes_a_global_flag_for_itself() {
    fn walk(command: &Command, words: &str, longs: &[&str], shorts: &[char]) {
        // Each command inherits the global ones, and has its own help.
        let own = command
            .get_arguments()
            .filter(|argument| !argument.is_global_set() && argument.get_id() != "help");
        for argument in own {
            let names = argument
                .get_long()
                .into_iter()
                .chain(argument.get_all_aliases().unwrap_or_default());
            for name in names {
                assert!(
                    !longs.contains(&name),
                    "`{words} --{name}` is a global flag"
                );
            }
            for letter in argument.get_short_and_visible_aliases().unwrap_or_default() {
                assert!(
                    !shorts.contains(&letter),
                    "`{words} -{letter}` is a global flag"
                );
            }
        }
        for below in command.get_subcommands() {
            walk(
                below,
                &format!("{words} {}", below.get_name()),
                longs,
                shorts,
            );
        }
    }
    let root = supactl::command();
    let mut longs = vec!["help", "version"];
    let mut shorts = vec!['h', 'V'];
    for argument in root.get_arguments() {
        longs.extend(argument.get_long());
        longs.extend(argument.get_all_aliases().unwrap_or_default());
        shorts.extend(argument.get_short());
    }
    for command in root.get_subcommands() {
        walk(command, command.get_name(), &longs, &shorts);
    }
}

#[test]
fn words_for_people_are_plain() {
    for (words, mut command) in leaves() {
        let help = command.render_long_help().to_string().to_lowercase();
        for word in ["please", "successfully", "!"] {
            assert!(
                !help.replace("'!", "").contains(word),
                "`{words}` says `{word}`"
            );
        }
    }
}

#[test]
fn help_needs_nothing_and_goes_to_standard_output() {
    let world = World::new();
    for line in ["", "--help", "help", "-h"] {
        let screen = world
            .command(line)
            .without("HOME")
            .without("SUPABASE_ACCESS_TOKEN")
            .env("SUPACTL_FORMAT", "nonsense")
            .run();
        assert_eq!(
            (screen.status(), screen.stderr()),
            (Some(0), ""),
            "`{line}`\n{screen}"
        );
        assert!(screen.stdout().contains("storage"), "{screen}");
    }
    insta::assert_snapshot!(world.run("storage buckets -h"), @"
    Manage buckets

    Usage: supactl storage buckets [OPTIONS] <COMMAND>

    Commands:
      create  Create a bucket [aliases: add, new]
      delete  Delete a bucket [alias: rm]
      empty   Delete all files in a bucket, and keep the bucket
      get     Show a bucket and the policies on it [alias: show]
      list    List buckets, newest first [alias: ls]
      update  Change who may read a bucket, or what it takes

    Options:
      -h, --help  Print help (see more with '--help')

    Global options:
      -p, --project <REF|NAME>  Project reference or name [env: SUPABASE_PROJECT_ID]
      -o, --format <FORMAT>     Shape of the output [env: SUPACTL_FORMAT] [default: table] [alias:
                                --output] [possible values: table, json, yaml, csv, ndjson]
          --fields <KEYS>       Print only these properties, in this order, such as `name,created_at`
          --jq <EXPRESSION>     Run a jq expression over the JSON output; text comes out raw
          --profile <NAME>      Profile with address, token and defaults; `sandbox` is built in [env:
                                SUPACTL_PROFILE]
      -y, --yes                 Answer yes to the question that a command would ask
      -q, --quiet               Say nothing on standard error but errors
      -v, --verbose...          Report each request: method, path, status, time; `-vv` adds headers and
                                bodies, secrets masked
          --color <WHEN>        When to colour [default: auto] [possible values: auto, always, never]
          --utc                 Show times in UTC rather than local
    ");
}

#[test]
fn the_version_is_told() {
    let screen = World::new().run("--version");
    assert_eq!(
        screen.stdout(),
        concat!("supactl ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn a_group_without_a_command_says_what_there_is() {
    insta::assert_snapshot!(World::new().run("storage buckets"), @"
    ------- stderr -------
    error[usage]: `supactl storage buckets` needs a command: create, delete, empty, get, list, update
    hint: `supactl storage buckets --help` says what each does
    [exit status: 2]
    ");
    insta::assert_snapshot!(World::new().run("storage bucket lst"), @"
    ------- stderr -------
    error[usage]: there is no command `lst`
    hint: did you mean `supactl storage buckets list`? `supactl storage buckets --help` shows the commands
    [exit status: 2]
    ");
    insta::assert_snapshot!(World::new().run("storage buckets list --serch x"), @"
    ------- stderr -------
    error[usage]: there is no flag `--serch`
    hint: did you mean `--search`? `supactl storage buckets list --help` shows all that it takes
    [exit status: 2]
    ");
}
