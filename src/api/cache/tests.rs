use std::cell::Cell;

use super::*;

/// A cache whose clock the test turns.
struct World {
    folder: tempfile::TempDir,
    clock: Rc<Cell<SystemTime>>,
}

impl World {
    fn new() -> Self {
        let clock = Rc::new(Cell::new(UNIX_EPOCH + Duration::from_hours(24 * 365 * 56)));
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock,
        }
    }

    /// A process of its own.
    fn process(&self) -> Cache {
        let clock = self.clock.clone();
        Cache::new(
            Some(self.folder.path().join("cache")),
            true,
            Rc::new(move || clock.get()),
        )
    }

    fn pass(&self, time: Duration) {
        self.clock.set(self.clock.get() + time);
    }
}

fn key(noun: Noun) -> Key {
    Key::new(
        "https://a.example",
        Some("abcdefghijklmnopqrst"),
        noun,
        &["token", "GET", "/x"],
    )
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

async fn body(cache: &Cache, key: &Key) -> Option<String> {
    cache
        .get(key)
        .await
        .map(|cached| String::from_utf8(cached.body.to_vec()).unwrap())
}

#[test]
fn an_answer_is_kept_for_its_time_and_for_other_processes() {
    let world = World::new();
    run(async {
        let key = key(Noun::Storage);
        world
            .process()
            .put(&key, world.clock.get(), Bytes::from_static(b"[1]"))
            .await;
        world.pass(Duration::from_mins(4));
        assert_eq!(body(&world.process(), &key).await.as_deref(), Some("[1]"));
        world.pass(Duration::from_mins(1));
        assert_eq!(body(&world.process(), &key).await, None);
    });
}

#[test]
fn a_write_is_seen_by_every_process_and_by_an_answer_that_is_late() {
    let world = World::new();
    run(async {
        let (one, other) = (world.process(), world.process());
        let key = key(Noun::Storage);
        let asked_before = world.clock.get();
        one.put(&key, asked_before, Bytes::from_static(br#"["old"]"#))
            .await;
        assert!(other.get(&key).await.is_some());
        world.pass(Duration::from_millis(1));
        one.forget(
            "https://a.example",
            Some("abcdefghijklmnopqrst"),
            Noun::Storage,
        )
        .await
        .unwrap();
        assert_eq!(
            body(&other, &key).await,
            None,
            "the other process has it in memory"
        );
        other
            .put(&key, asked_before, Bytes::from_static(br#"["late"]"#))
            .await;
        assert_eq!(
            body(&world.process(), &key).await,
            None,
            "asked before the write"
        );
        world.pass(Duration::from_millis(1));
        other
            .put(&key, world.clock.get(), Bytes::from_static(br#"["new"]"#))
            .await;
        assert_eq!(
            body(&world.process(), &key).await.as_deref(),
            Some(r#"["new"]"#)
        );
    });
}

#[test]
fn an_answer_of_the_moment_of_a_write_does_not_count() {
    let world = World::new();
    run(async {
        let (cache, key) = (world.process(), key(Noun::Storage));
        let of = ("https://a.example", Some("abcdefghijklmnopqrst"));
        cache.forget(of.0, of.1, Noun::Storage).await.unwrap();
        cache
            .put(&key, world.clock.get(), Bytes::from_static(b"[1]"))
            .await;
        assert_eq!(body(&world.process(), &key).await, None);
    });
}

#[test]
fn a_project_is_forgotten_with_all_its_nouns() {
    let world = World::new();
    run(async {
        let cache = world.process();
        for noun in Noun::ALL {
            cache
                .put(&key(noun), world.clock.get(), Bytes::from_static(b"[1]"))
                .await;
        }
        world.pass(Duration::from_millis(1));
        let project = Some("abcdefghijklmnopqrst");
        cache
            .forget_project("https://a.example", project)
            .await
            .unwrap();
        for noun in Noun::ALL {
            assert_eq!(body(&world.process(), &key(noun)).await, None, "{noun:?}");
        }
    });
}

#[test]
fn a_host_is_forgotten_with_all_its_projects_and_no_other() {
    let world = World::new();
    run(async {
        let cache = world.process();
        let key = |host: &str, project| Key::new(host, project, Noun::Branches, &["x"]);
        let gone = [
            key("https://a.example", None),
            key("https://a.example", Some("abcdefghijklmnopqrst")),
        ];
        let stays = key("https://b.example", None);
        for key in gone.iter().chain([&stays]) {
            cache
                .put(key, world.clock.get(), Bytes::from_static(b"[1]"))
                .await;
        }
        world.pass(Duration::from_millis(1));
        cache.forget_host("https://a.example").await.unwrap();
        for key in &gone {
            assert_eq!(body(&world.process(), key).await, None, "{key:?}");
        }
        assert!(body(&world.process(), &stays).await.is_some());
    });
}

#[test]
fn a_note_is_read_where_answers_are_not() {
    let world = World::new();
    run(async {
        let key = key(Noun::Scrapes);
        let anew = Cache {
            reads: false,
            ..world.process()
        };
        assert!(anew.note(&key).is_none());
        anew.put(&key, world.clock.get(), Bytes::from_static(b"[1]"))
            .await;
        assert!(anew.get(&key).await.is_none());
        let note = world.process().note(&key).unwrap();
        assert_eq!(
            (&note.body[..], note.at),
            (&b"[1]"[..], Timestamp::try_from(world.clock.get()).unwrap())
        );
    });
}

#[test]
fn askers_and_hosts_and_nouns_are_apart() {
    let world = World::new();
    run(async {
        let cache = world.process();
        cache
            .put(
                &key(Noun::Storage),
                world.clock.get(),
                Bytes::from_static(b"1"),
            )
            .await;
        for other in [
            key(Noun::Projects),
            Key::new(
                "https://b.example",
                Some("abcdefghijklmnopqrst"),
                Noun::Storage,
                &["token", "GET", "/x"],
            ),
            Key::new(
                "https://a.example",
                None,
                Noun::Storage,
                &["token", "GET", "/x"],
            ),
            Key::new(
                "https://a.example",
                Some("abcdefghijklmnopqrst"),
                Noun::Storage,
                &["other", "GET", "/x"],
            ),
            Key::new(
                "https://a.example",
                Some("abcdefghijklmnopqrst"),
                Noun::Storage,
                &["token", "GET/x"],
            ),
        ] {
            assert!(cache.get(&other).await.is_none(), "{other:?}");
        }
    });
}

#[test]
fn a_damaged_file_is_a_miss() {
    let world = World::new();
    run(async {
        let (cache, key) = (world.process(), key(Noun::Storage));
        cache
            .put(&key, world.clock.get(), Bytes::from_static(b"[1]"))
            .await;
        let file = cache.file(&key).unwrap();
        let whole = std::fs::read(&file).unwrap();
        assert!(!platform::is_open_to_others(&file));
        for damaged in [
            &b""[..],
            b"{",
            b"null",
            &whole[..whole.len() - 1],
            b"\xff\xfe",
            br#"{"asked_at":-1,"body":[]}"#,
        ] {
            std::fs::write(&file, damaged).unwrap();
            assert!(world.process().get(&key).await.is_none());
        }
    });
}

#[test]
fn a_folder_that_cannot_be_made_costs_nothing_but_the_cache() {
    let world = World::new();
    std::fs::write(world.folder.path().join("cache"), "a file in the way").unwrap();
    run(async {
        let (cache, key) = (world.process(), key(Noun::Storage));
        cache
            .put(&key, world.clock.get(), Bytes::from_static(b"[1]"))
            .await;
        assert!(cache.get(&key).await.is_some(), "the process still has it");
        assert!(world.process().get(&key).await.is_none());
        assert!(
            cache
                .forget("https://a.example", None, Noun::Storage)
                .await
                .is_err()
        );
    });
}

#[test]
fn clearing_counts_and_sweeping_takes_only_old_files() {
    let world = World::new();
    run(async {
        let (cache, key) = (world.process(), key(Noun::Storage));
        cache
            .put(&key, world.clock.get(), Bytes::from_static(b"[1]"))
            .await;
        let file = cache.file(&key).unwrap();
        let left_over = file.with_file_name(".wabc");
        std::fs::write(&left_over, "half").unwrap();
        sweep(file.parent().unwrap(), SystemTime::now());
        assert!(left_over.exists(), "another run may be writing it");
        sweep(
            file.parent().unwrap(),
            SystemTime::now() + Duration::from_hours(2),
        );
        assert!(!left_over.exists());
        cache
            .put(&key, world.clock.get(), Bytes::from_static(b"[1]"))
            .await;
        assert_eq!(clear(&world.folder.path().join("cache")).unwrap(), 1);
        assert_eq!(clear(&world.folder.path().join("cache")).unwrap(), 0);
        // What cannot be cleared is told.
        let file = world.folder.path().join("no-folder");
        std::fs::write(&file, "").unwrap();
        assert!(clear(&file).is_err());
    });
}
