use serde_json::json;

use crate::support::{AVATARS, BUCKETS, FakeSupabase, POLICIES, REF};

/// The objects of the bucket.
const OBJECTS: &str = "/storage/v1/object/avatars";
const LIST_OBJECTS: &str = "/storage/v1/object/list-v2/avatars";

/// Lets `avatars` be read: one bucket has no type, which is told in the list.
fn shows_avatars(supabase: &FakeSupabase) {
    supabase.on("GET", AVATARS).answers(200, "bucket.json");
    supabase
        .on("GET", BUCKETS)
        .with_query("search", "avatars")
        .answers(200, "buckets.json");
}

#[test]
fn list_asks_for_the_newest_first() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("GET", BUCKETS)
        .with_query("sortColumn", "created_at")
        .with_query("sortOrder", "desc")
        .without_query("limit")
        .without_query("search")
        .answers(200, "buckets.json")
        .once();
    insta::assert_snapshot!(supabase.run("storage buckets list"), @"
    reports	private	STANDARD			2026-07-01 09:00:00+00:00	2026-07-01 09:00:00+00:00
    avatars	public	STANDARD	5 MB	image/png, image/jpeg	2026-06-01 09:00:00+00:00	2026-06-02 09:00:00+00:00
    ");
}

#[test]
fn list_leaves_searching_and_sorting_to_the_service() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("GET", BUCKETS)
        .with_query("search", "ava & co")
        .with_query("limit", "5")
        .with_query("sortColumn", "name")
        .with_query("sortOrder", "asc")
        .answers(200, json!([]))
        .once();
    let run = supabase.command("storage buckets list --limit 5 --sort name --search");
    insta::assert_snapshot!(run.arg("ava & co").run(), @"
    ------- stderr -------
    No buckets found
    ");
}

#[test]
fn get_finds_the_type_in_the_list() {
    let supabase = FakeSupabase::with_keys();
    shows_avatars(&supabase);
    supabase
        .on("POST", POLICIES)
        .answers(201, "policies.json")
        .once();
    insta::assert_snapshot!(supabase.run("storage buckets get avatars"), @"
    id	avatars
    public	public
    type	STANDARD
    file_size_limit	5 MB
    allowed_mime_types	image/png, image/jpeg
    created_at	2026-06-01 09:00:00+00:00
    updated_at	2026-06-02 09:00:00+00:00
    policies	own folder, everything
    ");
    let conversation = supabase.conversation();
    insta::assert_snapshot!(conversation.split(" {").next().unwrap(), @"
    GET /v1/projects/abcdefghijklmnopqrst/api-keys?reveal=true
    GET /gw/abcdefghijklmnopqrst/storage/v1/bucket/avatars
    GET /gw/abcdefghijklmnopqrst/storage/v1/bucket?search=avatars
    POST /v1/projects/abcdefghijklmnopqrst/database/query/read-only
    ");
}

#[test]
fn get_takes_the_type_of_the_bucket_that_was_asked_for() {
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", AVATARS).answers(200, "bucket.json");
    supabase.on("GET", BUCKETS).answers(
        200,
        json!([{"id": "avatars-old", "type": "ANALYTICS"}, {"id": "avatars", "type": "STANDARD"}, {"id": "avatars-new", "type": "VECTOR"}]),
    );
    supabase.on("POST", POLICIES).answers(201, "policies.json");
    let screen = supabase.run("storage buckets get avatars --fields type");
    assert_eq!(screen.stdout(), "type\tSTANDARD\n", "{screen}");
}

#[test]
fn get_is_satisfied_where_the_type_is_told_at_once() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("GET", AVATARS)
        .answers(
            200,
            json!({"id": "avatars", "name": "avatars", "type": "STANDARD"}),
        )
        .once();
    supabase.on("GET", BUCKETS).never();
    let message = json!({"message": "Your account does not have the necessary privileges"});
    supabase.on("POST", POLICIES).answers(403, message);
    insta::assert_snapshot!(supabase.run("storage bucket show avatars"), @"
    id	avatars
    public	
    type	STANDARD
    file_size_limit	
    allowed_mime_types	
    created_at	
    updated_at	
    policies	
    ------- stderr -------
    Its policies are unknown: Your account does not have the necessary privileges
    ");
}

#[test]
fn a_missing_bucket_is_not_found() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("GET", AVATARS)
        .answers(400, "bucket-missing.json")
        .times(2);
    insta::assert_snapshot!(supabase.run("storage buckets get avatars"), @"
    ------- stderr -------
    error[not_found]: bucket `avatars` was not found
    hint: `supactl storage buckets list` shows what there is
    [exit status: 5]
    ");
    insta::assert_snapshot!(supabase.run("storage buckets get avatars -o json"), @r#"
    {"data":null,"success":false,"error":{"code":"not_found","message":"bucket `avatars` was not found","hint":"`supactl storage buckets list` shows what there is","status":404,"request_id":null,"details":{"statusCode":"404","error":"Bucket not found","message":"Bucket not found","code":"NoSuchBucket"}},"metadata":{"command":"storage buckets get","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}
    ------- stderr -------
    error[not_found]: bucket `avatars` was not found
    hint: `supactl storage buckets list` shows what there is
    [exit status: 5]
    "#);
}

#[test]
fn create_sends_only_what_was_given_and_shows_what_came_of_it() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("POST", BUCKETS)
        .with_body(json!({"name": "avatars", "public": true, "file_size_limit": 5_000_000, "allowed_mime_types": ["image/png", "image/jpeg"]}))
        .answers(200, json!({"name": "avatars"}))
        .once();
    shows_avatars(&supabase);
    insta::assert_snapshot!(supabase.run("storage buckets create avatars --public --file-size-limit 5MB --allowed-mime-type image/png --allowed-mime-type image/jpeg"), @"
    id	avatars
    public	public
    type	STANDARD
    file_size_limit	5 MB
    allowed_mime_types	image/png, image/jpeg
    created_at	2026-06-01 09:00:00+00:00
    updated_at	2026-06-02 09:00:00+00:00
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Created bucket `avatars`
    ");
}

#[test]
fn a_plain_create_names_no_limits() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("POST", BUCKETS)
        .answers(200, json!({"name": "avatars"}))
        .once();
    shows_avatars(&supabase);
    let screen = supabase.run("storage buckets add avatars -q");
    assert_eq!((screen.status(), screen.stderr()), (Some(0), ""));
    let requests = supabase.requests();
    let body: serde_json::Value = requests[1].body_json().unwrap();
    for key in ["file_size_limit", "allowed_mime_types", "id", "type"] {
        assert_eq!(body.get(key), None, "{key} was not given");
    }
}

#[test]
fn a_taken_name_is_explained() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("POST", BUCKETS)
        .answers(400, "bucket-exists.json")
        .once();
    insta::assert_snapshot!(supabase.run("storage buckets create avatars"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[already_exists]: bucket `avatars` already exists
    hint: `--if-not-exists` leaves it as it is and calls that done
    [exit status: 6]
    ");
}

#[test]
fn a_taken_name_is_no_failure_where_that_was_said() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("POST", BUCKETS)
        .answers(400, "bucket-exists.json")
        .once();
    shows_avatars(&supabase);
    insta::assert_snapshot!(supabase.run("storage buckets create avatars --if-not-exists"), @"
    id	avatars
    public	public
    type	STANDARD
    file_size_limit	5 MB
    allowed_mime_types	image/png, image/jpeg
    created_at	2026-06-01 09:00:00+00:00
    updated_at	2026-06-02 09:00:00+00:00
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Bucket `avatars` already exists, and was left as it is
    ");
}

#[test]
fn a_bucket_that_cannot_be_read_back_was_created_all_the_same() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("POST", BUCKETS)
        .answers(200, json!({"name": "avatars"}))
        .once();
    supabase
        .on("GET", AVATARS)
        .answers(400, "bucket-missing.json");
    insta::assert_snapshot!(supabase.run("storage buckets create avatars"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[not_found]: Created bucket `avatars`, but it could not be read back: bucket `avatars` was not found
    hint: `supactl storage buckets list` shows what there is
    [exit status: 5]
    ");
}

#[test]
fn update_sends_null_for_none_and_nothing_for_what_was_not_named() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("PUT", AVATARS)
        .with_body(json!({"public": false, "file_size_limit": null, "allowed_mime_types": null}))
        .answers(200, json!({"message": "Successfully updated"}))
        .once();
    supabase
        .on("PUT", AVATARS)
        .with_body(json!({"public": true}))
        .answers(200, json!({"message": "Successfully updated"}))
        .once();
    shows_avatars(&supabase);
    insta::assert_snapshot!(supabase.run("storage buckets update avatars --private --file-size-limit none --allowed-mime-type any"), @"
    id	avatars
    public	public
    type	STANDARD
    file_size_limit	5 MB
    allowed_mime_types	image/png, image/jpeg
    created_at	2026-06-01 09:00:00+00:00
    updated_at	2026-06-02 09:00:00+00:00
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Updated bucket `avatars`
    ");
    let screen = supabase.run("storage buckets update avatars --public");
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn update_needs_something_to_change() {
    let supabase = FakeSupabase::start();
    insta::assert_snapshot!(supabase.run("storage buckets update avatars"), @"
    ------- stderr -------
    error[usage]: one of these is missing: `--public|--private|--file-size-limit <SIZE|none>|--allowed-mime-type <TYPE|any>`
    hint: `supactl storage buckets update --help` shows all that it takes
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("storage buckets update avatars --public --private"), @"
    ------- stderr -------
    error[usage]: `--public` does not go with `--private`
    hint: `supactl storage buckets update --help` shows all that it takes
    [exit status: 2]
    ");
}

#[test]
fn values_that_cannot_be_right_are_refused_before_anything_is_sent() {
    let supabase = FakeSupabase::start();
    insta::assert_snapshot!(supabase.run("storage buckets create avatars --file-size-limit 5XB"), @"
    ------- stderr -------
    error[invalid_input]: `--file-size-limit`: `5XB` is not a size: write a number of bytes or one with B, KB, MB or GB, such as `50MB`
    hint: `supactl storage buckets create --help` shows all that it takes
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("storage buckets update avatars --file-size-limit 0"), @"
    ------- stderr -------
    error[invalid_input]: a limit of 0 does not mean the same to all of Storage; `none` takes the limit off
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("storage buckets create avatars --allowed-mime-type picture"), @"
    ------- stderr -------
    error[invalid_input]: `--allowed-mime-type`: `picture` is not a MIME type: write `image/png`, or `image/*` for all of a kind
    hint: `supactl storage buckets create --help` shows all that it takes
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("storage buckets list --limit 0"), @"
    ------- stderr -------
    error[invalid_input]: `--limit`: 0 is not in 1..=4294967295
    hint: `supactl storage buckets list --help` shows all that it takes
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("storage buckets list --sort owner"), @"
    ------- stderr -------
    error[invalid_input]: `--sort` cannot be `owner`: it takes name, created_at, updated_at
    hint: `supactl storage buckets list --help` shows all that it takes
    [exit status: 2]
    ");
}

#[test]
fn a_limit_beyond_the_projects_is_explained() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("PUT", AVATARS)
        .answers(
            400,
            json!({"statusCode": "413", "error": "Payload too large", "message": "The object exceeded the maximum allowed size", "code": "EntityTooLarge"}),
        )
        .once();
    insta::assert_snapshot!(supabase.run("storage buckets update avatars --file-size-limit 50GB"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[rejected]: the file size limit is larger than the project's own
    hint: choose a smaller one, or raise the project's limit in the dashboard under Storage, Settings
    [exit status: 1]
    ");
}

#[test]
fn delete_shows_what_was_deleted() {
    let supabase = FakeSupabase::with_keys();
    shows_avatars(&supabase);
    supabase
        .on("DELETE", AVATARS)
        .without_header("content-type")
        .answers(200, json!({"message": "Successfully deleted"}))
        .once();
    insta::assert_snapshot!(supabase.run("storage buckets delete avatars --yes"), @"
    id	avatars
    public	public
    type	STANDARD
    file_size_limit	5 MB
    allowed_mime_types	image/png, image/jpeg
    created_at	2026-06-01 09:00:00+00:00
    updated_at	2026-06-02 09:00:00+00:00
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Deleted bucket `avatars`
    ");
}

#[test]
fn delete_says_deleted_in_the_data() {
    let supabase = FakeSupabase::with_keys();
    shows_avatars(&supabase);
    supabase
        .on("DELETE", AVATARS)
        .answers(200, json!({"message": "Successfully deleted"}))
        .once();
    let screen = supabase.run("storage buckets rm avatars -y -o json");
    insta::assert_snapshot!(screen.json()["data"], @r#"{"id":"avatars","name":"avatars","public":true,"type":"STANDARD","file_size_limit":5000000,"allowed_mime_types":["image/png","image/jpeg"],"owner":"","created_at":"2026-06-01T09:00:00.000Z","updated_at":"2026-06-02T09:00:00.000Z","deleted":true}"#);
}

#[test]
fn a_full_bucket_is_not_deleted_without_force() {
    let supabase = FakeSupabase::with_keys();
    shows_avatars(&supabase);
    supabase
        .on("DELETE", AVATARS)
        .answers(400, "bucket-not-empty.json")
        .once();
    insta::assert_snapshot!(supabase.run("storage buckets delete avatars --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: bucket `avatars` is not empty
    hint: `--force` deletes the files in it first
    [exit status: 6]
    ");
}

#[test]
fn force_deletes_the_files_first() {
    let supabase = FakeSupabase::with_keys();
    shows_avatars(&supabase);
    supabase
        .on("POST", LIST_OBJECTS)
        .with_body(json!({"limit": 1000}))
        .answers(200, json!({"hasNext": true, "nextCursor": "c", "folders": [], "objects": [{"name": "a.png"}, {"name": "b/c d.png"}]}))
        .once();
    supabase
        .on("DELETE", OBJECTS)
        .with_body(json!({"prefixes": ["a.png", "b/c d.png"]}))
        .answers(200, json!([{"name": "a.png"}, {"name": "b/c d.png"}]))
        .once();
    supabase
        .on("POST", LIST_OBJECTS)
        .answers(200, json!({"hasNext": false, "folders": [], "objects": []}))
        .once();
    supabase
        .on("DELETE", AVATARS)
        .answers(200, json!({"message": "Successfully deleted"}))
        .once();
    insta::assert_snapshot!(supabase.run("storage buckets delete avatars --force --yes -o ndjson"), @r#"
    {"id":"avatars","name":"avatars","public":true,"type":"STANDARD","file_size_limit":5000000,"allowed_mime_types":["image/png","image/jpeg"],"owner":"","created_at":"2026-06-01T09:00:00.000Z","updated_at":"2026-06-02T09:00:00.000Z","deleted":true}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Deleted bucket `avatars`
    "#);
}

#[test]
fn empty_ends_when_the_last_file_is_gone() {
    let supabase = FakeSupabase::with_keys();
    shows_avatars(&supabase);
    supabase
        .on("POST", LIST_OBJECTS)
        .answers(
            200,
            json!({"hasNext": false, "objects": [{"name": "a.png"}]}),
        )
        .once();
    supabase
        .on("DELETE", OBJECTS)
        .with_body(json!({"prefixes": ["a.png"]}))
        .answers(200, json!([{"name": "a.png"}]))
        .once();
    supabase
        .on("POST", LIST_OBJECTS)
        .answers(200, json!({"hasNext": false, "objects": []}))
        .once();
    let screen = supabase.run("storage buckets empty avatars --yes -o json");
    insta::assert_snapshot!(screen, @r#"
    {"data":{"id":"avatars","name":"avatars","public":true,"type":"STANDARD","file_size_limit":5000000,"allowed_mime_types":["image/png","image/jpeg"],"owner":"","created_at":"2026-06-01T09:00:00.000Z","updated_at":"2026-06-02T09:00:00.000Z","deleted_objects":1,"deleted":true},"success":true,"error":null,"metadata":{"command":"storage buckets empty","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Emptied bucket `avatars`: 1 file deleted
    "#);
}

#[test]
fn empty_gives_up_on_files_that_stay() {
    let supabase = FakeSupabase::with_keys();
    shows_avatars(&supabase);
    supabase
        .on("POST", LIST_OBJECTS)
        .answers(
            200,
            json!({"hasNext": false, "objects": [{"name": "a.png"}]}),
        )
        .once();
    supabase
        .on("DELETE", OBJECTS)
        .answers(200, json!([]))
        .once();
    insta::assert_snapshot!(supabase.run("storage buckets empty avatars --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: 1 objects of bucket `avatars` are still there after deleting them
    [exit status: 6]
    ");
}

#[test]
fn empty_can_be_left_to_the_service() {
    let supabase = FakeSupabase::with_keys();
    shows_avatars(&supabase);
    supabase
        .on("POST", "/storage/v1/bucket/avatars/empty")
        .without_header("content-type")
        .with_header("content-length", "0")
        .answers(
            200,
            json!({"message": "Empty bucket has been queued. Completion may take up to an hour."}),
        )
        .once();
    supabase.on("POST", LIST_OBJECTS).never();
    insta::assert_snapshot!(supabase.run("storage buckets empty avatars --queue --yes"), @"
    id	avatars
    public	public
    type	STANDARD
    file_size_limit	5 MB
    allowed_mime_types	image/png, image/jpeg
    created_at	2026-06-01 09:00:00+00:00
    updated_at	2026-06-02 09:00:00+00:00
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Bucket `avatars` is being emptied, which may take up to an hour
    ");
}

#[test]
fn the_gateway_of_the_project_is_asked_and_no_other() {
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", BUCKETS).answers(200, json!([]));
    let screen = supabase
        .command("storage buckets list")
        .env(
            "SUPACTL_PROJECT_URL",
            &format!("http://{}/gw/{REF}", supabase.address()),
        )
        .run();
    assert_eq!(
        screen.status(),
        Some(0),
        "an address without {{ref}} is used as it is:\n{screen}"
    );
}

#[test]
fn what_was_deleted_before_a_failure_is_told() {
    let files = |supabase: &FakeSupabase, page: serde_json::Value| {
        supabase
            .on("POST", LIST_OBJECTS)
            .answers(200, json!({"hasNext": false, "objects": page}))
            .once();
    };
    let deletes = |supabase: &FakeSupabase, status, said: serde_json::Value| {
        supabase.on("DELETE", OBJECTS).answers(status, said).once();
    };
    let supabase = FakeSupabase::with_keys();
    shows_avatars(&supabase);
    files(&supabase, json!([{"name": "a.png"}, {"name": "b.png"}]));
    deletes(&supabase, 200, json!([{}, {}]));
    files(&supabase, json!([]));
    supabase
        .on("DELETE", AVATARS)
        .answers(
            403,
            json!({"statusCode": "403", "error": "Unauthorized", "message": "not yours"}),
        )
        .once();
    insta::assert_snapshot!(supabase.run("storage buckets delete avatars --force --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[forbidden]: 2 files were deleted, the bucket is still there: not yours
    hint: the token may lack a permission, or there is no such project or organization, or it is not yours
    [exit status: 4]
    ");

    let supabase = FakeSupabase::with_keys();
    shows_avatars(&supabase);
    files(&supabase, json!([{"name": "a.png"}, {"name": "b.png"}]));
    deletes(&supabase, 200, json!([{}]));
    files(&supabase, json!([{"name": "b.png"}]));
    deletes(&supabase, 200, json!([]));
    insta::assert_snapshot!(supabase.run("storage buckets empty avatars --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: 1 file was deleted: 1 objects of bucket `avatars` are still there after deleting them
    [exit status: 6]
    ");
}
