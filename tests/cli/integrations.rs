use serde_json::{Value, json};

use crate::support::{FakeSupabase, GIVEN_SECRET, PROJECT, Said, Screen, World};

const CATALOG: &str = "/v1/projects/abcdefghijklmnopqrst/database/query/read-only";
const QUERY: &str = "/v1/projects/abcdefghijklmnopqrst/database/query";
const DATA_API: &str = "/v1/projects/abcdefghijklmnopqrst/postgrest";
const HEALTH: &str = "/v1/projects/abcdefghijklmnopqrst/health";
const ISSUERS: &str = "/v1/projects/abcdefghijklmnopqrst/config/auth/third-party-auth";
const DRAINS: &str = "/v2/projects/abcdefghijklmnopqrst/analytics/log-drains";
const GITHUB: &str = "/v2/organizations/acme/integrations/github/connections";

/// What the catalog says of these extensions, and more.
fn facts(extensions: &[(&str, Option<&str>, &str)], more: &Value) -> Value {
    let rows: Vec<_> = extensions
        .iter()
        .map(|(name, installed, schema)| json!({"name": name, "installed": installed, "offered": "1.0", "schema": schema}))
        .collect();
    let mut row = json!({"extensions": rows, "wrappers": []});
    for (key, value) in more.as_object().unwrap() {
        row[key] = value.clone();
    }
    json!([row])
}

/// A catalog with pg_cron in it or not.
fn cron(installed: bool) -> Value {
    let version = installed.then_some("1.6.4");
    let there = json!({"cron_tables": installed, "pg_cron_worker": true});
    facts(
        &[(
            "pg_cron",
            version,
            if installed { "pg_catalog" } else { "" },
        )],
        &there,
    )
}

/// Answers the next look at the catalog.
fn sees(supabase: &FakeSupabase, facts: Value) {
    supabase.on("POST", CATALOG).answers(201, facts).once();
}

#[test]
fn the_list_tells_what_each_cannot_tell() {
    let supabase = FakeSupabase::start();
    let found = facts(
        &[
            ("pg_cron", Some("1.6.4"), "pg_catalog"),
            ("pgmq", None, ""),
            ("supabase_vault", Some("0.3.1"), "vault"),
            ("wrappers", Some("0.5"), "extensions"),
        ],
        &json!({"cron_tables": true, "pg_cron_worker": false, "vault_view": true, "webhooks_schema": false, "webhooks_function": false}),
    );
    sees(&supabase, found);
    supabase
        .on("GET", DATA_API)
        .answers(
            200,
            json!({"db_schema": "public", "jwt_secret": GIVEN_SECRET}),
        )
        .once();
    supabase
        .on("GET", ISSUERS)
        .answers(403, json!({"message": "Forbidden resource"}))
        .once();
    supabase.on("GET", DRAINS).answers(402, json!({"error": {"code": "payment_required", "message": "Log drains need a paid plan"}})).once();
    supabase
        .on("GET", PROJECT)
        .answers(
            200,
            json!({"ref": "abcdefghijklmnopqrst", "organization_slug": "acme"}),
        )
        .once();
    supabase
        .on("GET", GITHUB)
        .answers(200, json!({"data": [], "links": {"next": null}}))
        .once();
    insta::assert_snapshot!(supabase.run("integrations list --fields name,kind,status,reason"), @"
    cron	extension	incomplete	worker
    queues	extension	available	
    vault	extension	installed	
    graphql	extension	unavailable	
    webhooks	extension	available	
    data-api	built_in	installed	
    wrappers	wrapper	installed	
    third-party-auth	auth	forbidden	Forbidden resource
    log-drain	logs	not_in_plan	Log drains need a paid plan
    github	source	dashboard_only	
    stripe-sync	marketplace	dashboard_only	
    vercel	marketplace	dashboard_only	
    marketplace	marketplace	dashboard_only
    ");
}

#[test]
fn the_list_goes_on_where_the_database_does_not_answer() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", CATALOG)
        .answers(403, json!({"message": "Forbidden resource"}))
        .once();
    insta::assert_snapshot!(supabase.run("integrations list --kind wrapper --fields name,status,reason"), @"wrappers	forbidden	Forbidden resource");
    // What concerns them all is not told for each.
    supabase
        .on("POST", CATALOG)
        .answers(401, json!({"message": "Unauthorized"}))
        .once();
    let screen = supabase.run("integrations list --kind wrapper");
    assert_eq!(
        (screen.status(), screen.code()),
        (Some(4), Some("unauthorized")),
        "{screen}"
    );
}

#[test]
fn cron_is_set_up_once_and_removed() {
    let supabase = FakeSupabase::start();
    let probe = || {
        supabase
            .on("POST", QUERY)
            .with_body(json!({"query": "select pg_catalog.count(*)::int as jobs from cron.job"}))
            .answers(201, json!([{"jobs": 0}]))
            .once();
    };
    sees(&supabase, cron(false));
    supabase
        .on("POST", QUERY)
        .with_body(json!({"query": "create extension pg_cron with schema pg_catalog;\ngrant usage on schema cron to postgres;\ngrant all privileges on all tables in schema cron to postgres"}))
        .answers(201, json!([]))
        .once();
    sees(&supabase, cron(true));
    probe();
    insta::assert_snapshot!(supabase.run("integrations setup cron --yes"), @"
    name	cron
    status	installed
    checks	extension pg_cron: ok (1.6.4); schema: ok (pg_catalog); jobs table: ok; worker: ok; jobs readable: ok (jobs: 0)
    items	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      install extension pg_cron
    Set up `cron`
    ");
    // Never a second time: that is what the service cannot do.
    sees(&supabase, cron(true));
    probe();
    insta::assert_snapshot!(supabase.run("integrations setup cron"), @"
    name	cron
    status	installed
    checks	extension pg_cron: ok (1.6.4); schema: ok (pg_catalog); jobs table: ok; worker: ok; jobs readable: ok (jobs: 0)
    items	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    `cron` is set up already: nothing was changed
    ");

    sees(&supabase, cron(true));
    supabase
        .on("POST", QUERY)
        .with_body(json!({"query": "drop extension pg_cron"}))
        .answers(201, json!([]))
        .once();
    sees(&supabase, cron(false));
    insta::assert_snapshot!(supabase.run("integrations remove cron --yes"), @"
    name	cron
    status	installed
    checks	extension pg_cron: ok (1.6.4); schema: ok (pg_catalog); jobs table: ok; worker: ok
    items	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Removed `cron`
    ");
    sees(&supabase, cron(false));
    insta::assert_snapshot!(supabase.run("integrations remove cron --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[not_found]: `cron` is not set up in project abcdefghijklmnopqrst
    [exit status: 5]
    ");
    // And once more.
    sees(&supabase, cron(false));
    supabase.on("POST", QUERY).answers(201, json!([])).once();
    sees(&supabase, cron(true));
    probe();
    assert_eq!(
        supabase.run("integrations setup cron --yes").status(),
        Some(0)
    );
}

#[test]
fn nothing_is_changed_without_a_yes() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", QUERY).never();
    insta::assert_snapshot!(supabase.run("integrations remove cron"), @"
    ------- stderr -------
    error[confirmation_required]: cannot ask for confirmation here: Remove `cron` from project abcdefghijklmnopqrst?
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
    assert_eq!(supabase.conversation(), "");
    sees(&supabase, cron(false));
    insta::assert_snapshot!(supabase.run("integrations setup cron"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      install extension pg_cron
    error[confirmation_required]: cannot ask for confirmation here: Set up `cron` in project abcdefghijklmnopqrst?
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
    // Nobody else is asked either.
    supabase.on("GET", ISSUERS).answers(200, json!([])).once();
    supabase.on("GET", DOCUMENT).never();
    let line = format!(
        "integrations setup third-party-auth --kind oidc --set issuer={}",
        address(&supabase)
    );
    assert_eq!(supabase.run(&line).status(), Some(3));
}

#[test]
fn a_step_that_fails_tells_of_those_before_it() {
    let exposes = |schemas: &str| {
        let supabase = FakeSupabase::start();
        supabase
            .on("GET", DATA_API)
            .answers(200, json!({"db_schema": schemas}));
        supabase
    };
    let supabase = exposes("public");
    sees(&supabase, facts(&[("pg_graphql", None, "")], &json!({})));
    supabase.on("POST", QUERY).answers(201, json!([])).once();
    supabase
        .on("PATCH", DATA_API)
        .answers(403, json!({"message": "you may not"}))
        .once();
    insta::assert_snapshot!(supabase.run("integrations setup graphql --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      install extension pg_graphql
      expose these schemas in the Data API: public,graphql_public
    error[forbidden]: after 1 of 2 steps (install extension pg_graphql): you may not
    hint: the token may lack the permission `data_api_config_write`, or there is no such project or organization, or it is not yours
    [exit status: 4]
    ");

    let supabase = exposes("public,pgmq_public");
    sees(&supabase, queues(6));
    supabase
        .on("PATCH", DATA_API)
        .answers(200, json!({}))
        .once();
    supabase
        .on("POST", QUERY)
        .answers(400, json!({"message": "it is in use"}))
        .once();
    insta::assert_snapshot!(supabase.run("integrations remove queues --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[rejected]: it was hidden from the Data API, and no more: it is in use
    [exit status: 1]
    ");
}

#[test]
fn what_does_not_work_is_named() {
    let supabase = FakeSupabase::start();
    let found = facts(
        &[("pg_cron", Some("1.6.4"), "extensions")],
        &json!({"cron_tables": true, "pg_cron_worker": false}),
    );
    sees(&supabase, found);
    let denied = json!({"message": "Failed to run sql query: ERROR:  42501: permission denied for table job\n"});
    supabase.on("POST", QUERY).answers(400, denied).once();
    insta::assert_snapshot!(supabase.run("integrations setup cron"), @"
    name	cron
    status	incomplete
    checks	extension pg_cron: ok (1.6.4); schema: FAILED (extensions, not pg_catalog); jobs table: ok; worker: FAILED; jobs readable: FAILED (permission denied for table job (42501))
    items	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[check_failed]: `cron` does not work: schema, worker, jobs readable
    hint: schema: extensions, not pg_catalog
    [exit status: 9]
    ");
}

#[test]
fn an_image_without_it_is_told_from_a_missing_permission() {
    let supabase = FakeSupabase::start();
    sees(&supabase, facts(&[], &json!({})));
    insta::assert_snapshot!(supabase.run("integrations setup vault --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: the database image of project abcdefghijklmnopqrst does not have extension supabase_vault
    hint: a database upgrade may bring it: https://supabase.com/dashboard/project/abcdefghijklmnopqrst/settings/infrastructure
    [exit status: 6]
    ");
    let refused = |sqlstate: &str, text: &str| {
        sees(&supabase, facts(&[("pgmq", None, "")], &json!({})));
        supabase
            .on("GET", DATA_API)
            .answers(200, json!({"db_schema": "public"}))
            .once();
        let message = format!("Failed to run sql query: ERROR:  {sqlstate}: {text}\n");
        supabase
            .on("POST", QUERY)
            .answers(400, json!({"message": message}))
            .once();
        supabase.run("integrations setup queues --yes")
    };
    insta::assert_snapshot!(refused("42501", "permission denied to create extension \"pgmq\""), @r#"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      install extension pgmq
    error[forbidden]: permission denied to create extension "pgmq" (42501)
    hint: the database does not let its role `postgres` do this
    [exit status: 4]
    "#);
    insta::assert_snapshot!(refused("0A000", "extension \"pgmq\" is not available"), @r#"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      install extension pgmq
    error[conflict]: extension "pgmq" is not available (0A000)
    [exit status: 6]
    "#);
}

/// A catalog with queues, and with so many functions for the Data API.
fn queues(functions: u32) -> Value {
    facts(
        &[("pgmq", Some("1.4.4"), "pgmq")],
        &json!({"queues_tables": true, "queues_exposed_schema": functions > 0, "queues_exposed_functions": functions}),
    )
}

#[test]
fn queues_are_exposed_by_functions_and_by_their_schema() {
    let supabase = FakeSupabase::start();
    let probe = || {
        supabase.on("POST", QUERY).with_body(json!({"query": "select pg_catalog.count(*)::int as queues from pgmq.list_queues()"})).answers(201, json!([{"queues": 2}])).once();
    };
    let exposes = |schemas: &str| {
        supabase
            .on("GET", DATA_API)
            .answers(200, json!({"db_schema": schemas}))
            .once();
    };
    sees(&supabase, queues(0));
    exposes("public, graphql_public");
    probe();
    supabase.on("POST", QUERY).answers(201, json!([])).once();
    supabase
        .on("PATCH", DATA_API)
        .with_body(json!({"db_schema": "public,graphql_public,pgmq_public"}))
        .answers(200, json!({}))
        .once();
    sees(&supabase, queues(6));
    exposes("public,graphql_public,pgmq_public");
    probe();
    insta::assert_snapshot!(supabase.run("integrations setup queues --expose --yes"), @"
    name	queues
    status	installed
    checks	extension pgmq: ok (1.4.4); queues table: ok; functions for the Data API: ok (6 of 6); pgmq_public exposed: ok (public,graphql_public,pgmq_public); queues listed: ok (queues: 2)
    items	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      make functions for the Data API in schema pgmq_public
      expose these schemas in the Data API: public,graphql_public,pgmq_public
    Set up `queues`
    Anybody can use a queue through the Data API unless row-level security is on for its table `pgmq.q_NAME`
    ");
    let made = supabase
        .requests()
        .iter()
        .map(|request| String::from_utf8_lossy(&request.body).into_owned())
        .collect::<String>();
    for function in ["send", "send_batch", "read", "pop", "archive", "delete"] {
        assert!(
            made.contains(&format!(
                "create or replace function pgmq_public.{function}("
            )),
            "{function}"
        );
    }

    sees(&supabase, queues(6));
    exposes("public,graphql_public,pgmq_public");
    supabase
        .on("PATCH", DATA_API)
        .with_body(json!({"db_schema": "public,graphql_public"}))
        .answers(200, json!({}))
        .once();
    supabase
        .on("POST", QUERY)
        .with_body(json!({"query": "drop schema if exists pgmq_public cascade"}))
        .answers(201, json!([]))
        .once();
    supabase
        .on("POST", QUERY)
        .with_body(json!({"query": "drop extension pgmq cascade"}))
        .answers(201, json!([]))
        .once();
    sees(&supabase, facts(&[("pgmq", None, "")], &json!({})));
    exposes("public,graphql_public");
    assert_eq!(
        supabase.run("integrations remove queues --yes").status(),
        Some(0)
    );
}

#[test]
fn a_dry_run_shows_all_steps_and_takes_none() {
    let supabase = FakeSupabase::start();
    sees(&supabase, facts(&[("pgmq", None, "")], &json!({})));
    supabase
        .on("GET", DATA_API)
        .answers(200, json!({"db_schema": "public"}))
        .once();
    supabase.on("POST", QUERY).never();
    let screen = supabase.run("integrations setup queues --expose --dry-run -o json");
    let data = &screen.json()["data"];
    assert_eq!(data["requests"].as_array().unwrap().len(), 3, "{screen}");
    assert_eq!(
        data["requests"][2]["body"],
        json!({"db_schema": "public,pgmq_public"})
    );
}

#[test]
fn graphql_must_answer_and_be_exposed() {
    let supabase = FakeSupabase::start();
    let there = || facts(&[("pg_graphql", Some("1.5"), "graphql")], &json!({}));
    let probe = |ok: bool| {
        supabase
            .on("POST", QUERY)
            .answers(201, json!([{"ok": ok}]))
            .once();
    };
    sees(&supabase, there());
    supabase
        .on("GET", DATA_API)
        .answers(200, json!({"db_schema": "public"}))
        .once();
    probe(true);
    supabase
        .on("PATCH", DATA_API)
        .with_body(json!({"db_schema": "public,graphql_public"}))
        .answers(200, json!({}))
        .once();
    sees(&supabase, there());
    supabase
        .on("GET", DATA_API)
        .answers(200, json!({"db_schema": "public,graphql_public"}))
        .once();
    probe(false);
    insta::assert_snapshot!(supabase.run("integrations setup graphql --yes --timeout 1ns"), @"
    name	graphql
    status	incomplete
    checks	extension pg_graphql: ok (1.5); graphql_public exposed: ok (public,graphql_public); queries answered: FAILED
    items	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      expose these schemas in the Data API: public,graphql_public
    Integration graphql: waiting for queries answered
    error[check_failed]: `graphql` does not work: queries answered
    [exit status: 9]
    ");
}

#[test]
fn wrappers_with_servers_stay() {
    let supabase = FakeSupabase::start();
    let mut found = facts(
        &[
            ("wrappers", Some("0.5"), "extensions"),
            ("supabase_vault", Some("0.3"), "vault"),
        ],
        &json!({}),
    );
    found[0]["wrappers"] = json!([{"wrapper": "stripe_wrapper", "handler": "stripe_fdw_handler", "server": "stripe_server"}]);
    sees(&supabase, found);
    supabase.on("POST", QUERY).never();
    insta::assert_snapshot!(supabase.run("integrations remove wrappers --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: foreign servers use the wrappers: stripe_server
    hint: drop each that is not needed first: `drop server NAME cascade`
    [exit status: 6]
    ");
}

#[test]
fn the_data_api_is_switched_on_and_off() {
    let supabase = FakeSupabase::start();
    let exposes = |schemas: &str| {
        supabase
            .on("GET", DATA_API)
            .answers(
                200,
                json!({"db_schema": schemas, "jwt_secret": GIVEN_SECRET}),
            )
            .once();
    };
    exposes("");
    supabase
        .on("PATCH", DATA_API)
        .with_body(json!({"db_schema": "public,graphql_public"}))
        .answers(200, json!({}))
        .once();
    exposes("public,graphql_public");
    let healthy = || {
        supabase
            .on("GET", HEALTH)
            .answers(
                200,
                json!([{"name": "rest", "status": "ACTIVE_HEALTHY", "healthy": true}]),
            )
            .once();
    };
    healthy();
    insta::assert_snapshot!(supabase.run("integrations setup data-api --yes"), @"
    name	data-api
    status	installed
    checks	schemas exposed: ok (public,graphql_public); health: ok (ACTIVE_HEALTHY)
    items	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      expose these schemas in the Data API: public,graphql_public
    Set up `data-api`
    ");
    exposes("public,graphql_public");
    healthy();
    assert!(
        supabase
            .run("integrations setup data-api")
            .stderr()
            .contains("nothing was changed")
    );
    exposes("public,graphql_public");
    supabase
        .on("PATCH", DATA_API)
        .with_body(json!({"db_schema": ""}))
        .answers(200, json!({}))
        .once();
    exposes("");
    insta::assert_snapshot!(supabase.run("integrations remove data-api --yes"), @"
    name	data-api
    status	installed
    checks	schemas exposed: ok (public,graphql_public)
    items	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Removed `data-api`
    ");
}

/// An issuer that is accepted.
fn issuer(address: &str, keys: &Value) -> Value {
    json!({
        "id": "5d1e0c2a-0000-4000-8000-000000000001", "type": "oidc", "oidc_issuer_url": address, "resolved_jwks": keys,
        "inserted_at": "2026-11-01T10:00:00Z", "updated_at": "2026-11-01T10:00:00Z", "resolved_at": "2026-11-01T10:00:01Z",
    })
}

/// The address of an issuer on the fake's own port.
fn address(supabase: &FakeSupabase) -> String {
    format!(
        "http://{}/gw/abcdefghijklmnopqrst/issuer",
        supabase.address()
    )
}

const DOCUMENT: &str = "/issuer/.well-known/openid-configuration";

#[test]
fn an_issuer_is_checked_before_its_tokens_are_accepted() {
    let supabase = FakeSupabase::start();
    let address = address(&supabase);
    supabase.on("GET", ISSUERS).answers(200, json!([])).once();
    supabase
        .on("GET", DOCUMENT)
        .without_header("authorization")
        .answers(
            200,
            json!({"issuer": format!("{address}/"), "jwks_uri": format!("{address}/keys")}),
        )
        .once();
    supabase
        .on("GET", "/issuer/keys")
        .without_header("authorization")
        .answers(200, json!({"keys": [{"kty": "RSA"}]}))
        .once();
    supabase
        .on("POST", ISSUERS)
        .with_body(json!({"oidc_issuer_url": address}))
        .answers(201, json!({}))
        .once();
    supabase
        .on("GET", ISSUERS)
        .answers(200, json!([issuer(&address, &json!({"keys": []}))]))
        .times(4);
    let line =
        format!("integrations setup third-party-auth --kind oidc --set issuer={address}/ --yes");
    insta::assert_snapshot!(supabase.run(&format!("{line} --fields name,status,checks")), @"
    name	third-party-auth
    status	installed
    checks	keys of http://127.0.0.1:[port]/gw/abcdefghijklmnopqrst/issuer: ok (fetched 2026-11-01T10:00:01Z); listed: ok (http://127.0.0.1:[port]/gw/abcdefghijklmnopqrst/issuer); discovery document: ok
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      accept tokens of http://127.0.0.1:[port]/gw/abcdefghijklmnopqrst/issuer, whose users count as monthly active users
    Set up `third-party-auth`
    ");
    // Again: it is there.
    assert!(supabase.run(&line).stderr().contains("nothing was changed"));
    supabase
        .on(
            "DELETE",
            &format!("{ISSUERS}/5d1e0c2a-0000-4000-8000-000000000001"),
        )
        .answers(200, json!({}))
        .once();
    let remove = supabase
        .command("integrations remove third-party-auth --yes --fields status,deleted")
        .arg(&address);
    let removed = remove.run();
    assert_eq!(removed.status(), Some(9), "it is still listed:\n{removed}");
}

#[test]
fn discovery_documents_that_lie_are_found_out() {
    let lie = |prepare: &dyn Fn(&FakeSupabase, &str)| {
        let supabase = FakeSupabase::start();
        let address = address(&supabase);
        supabase.on("GET", ISSUERS).answers(200, json!([]));
        supabase.on("POST", ISSUERS).never();
        prepare(&supabase, &address);
        let screen = supabase.run(&format!(
            "integrations setup third-party-auth --kind oidc --set issuer={address} --yes -o json"
        ));
        assert_eq!(
            (screen.status(), screen.code()),
            (Some(9), Some("check_failed")),
            "{screen}"
        );
        let check = &screen.json()["data"]["checks"][0];
        assert_eq!(
            (&check["name"], &check["ok"]),
            (&json!("discovery document"), &json!(false))
        );
        check["detail"]
            .as_str()
            .unwrap()
            .replace(&address, "ISSUER")
    };
    insta::assert_snapshot!(lie(&|supabase, address| {
        supabase.on("GET", DOCUMENT).answers(200, json!({"issuer": "https://evil.example", "jwks_uri": format!("{address}/keys")})).once();
    }), @"its discovery document is about another issuer: `https://evil.example`");
    let of_size = |bytes: usize| {
        lie(&|supabase, _| {
            let said = Said::Raw(vec![b' '; bytes], "application/json");
            supabase.on("GET", DOCUMENT).answers(200, said).once();
        })
    };
    assert_eq!(of_size(1 << 20), "its discovery document is not JSON");
    assert_eq!(
        of_size((1 << 20) + 1),
        "its discovery document is larger than 1048576 bytes"
    );
    insta::assert_snapshot!(lie(&|supabase, address| {
        supabase.on("GET", DOCUMENT).answers(200, json!({"issuer": address})).once();
    }), @"its discovery document does not say where its keys are (`jwks_uri`)");
    insta::assert_snapshot!(lie(&|supabase, address| {
        supabase.on("GET", DOCUMENT).answers(200, json!({"issuer": address, "jwks_uri": format!("{address}/keys")})).once();
        supabase.on("GET", "/issuer/keys").answers(200, json!({"keys": []})).once();
    }), @"there are no keys at ISSUER/keys");
    insta::assert_snapshot!(lie(&|supabase, address| {
        supabase.on("GET", DOCUMENT).answers(200, json!({"issuer": address, "jwks_uri": format!("{address}/keys")})).once();
        supabase.on("GET", "/issuer/keys").answers(404, json!({})).once();
    }), @"ISSUER/keys was answered with 404");
    insta::assert_snapshot!(lie(&|supabase, address| {
        supabase.on("GET", DOCUMENT).answers(302, Said::Nothing).header("location", &format!("{address}/elsewhere")).once();
        supabase.on("GET", "/issuer/elsewhere").never();
    }), @"its discovery document redirects (302), which is not followed");
    insta::assert_snapshot!(lie(&|supabase, _| {
        supabase.on("GET", DOCUMENT).answers(200, Said::text(&" ".repeat(10_000_000))).once();
    }), @"its discovery document is larger than 1048576 bytes");
    insta::assert_snapshot!(lie(&|supabase, _| {
        supabase.on("GET", DOCUMENT).answers(200, Said::html("<html>sign in</html>")).once();
    }), @"its discovery document is not JSON");
}

#[test]
fn an_issuer_that_cannot_be_reached_from_here_may_be_reached_from_there() {
    let supabase = FakeSupabase::start();
    let nobody = format!("http://{}", crate::support::Faulty::nobody());
    supabase.on("GET", ISSUERS).answers(200, json!([])).once();
    supabase.on("POST", ISSUERS).answers(201, json!({})).once();
    supabase
        .on("GET", ISSUERS)
        .answers(200, json!([issuer(&nobody, &json!({"keys": []}))]))
        .once();
    let screen = supabase.run(&format!(
        "integrations setup third-party-auth --kind workos --set issuer={nobody} --yes -o json"
    ));
    assert_eq!(screen.status(), Some(0), "{screen}");
    assert_eq!(screen.json()["data"]["checks"][2]["ok"], Value::Null);
}

#[test]
fn a_log_drain_keeps_its_secrets() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", DRAINS)
        .answers(200, json!({"data": []}))
        .once();
    supabase
        .on("POST", DRAINS)
        .with_body(json!({"data": {"type": "log_drain", "attributes": {
            "name": "all", "backend_type": "webhook",
            "config": {"url": "https://logs.acme.example/in", "headers": {"X-Key": GIVEN_SECRET}, "gzip": true},
        }}}))
        .answers(201, json!({}))
        .once();
    let drain = json!({"type": "log_drain", "id": "d1", "attributes": {
        "name": "all", "backend_type": "webhook", "config": {"url": "https://logs.acme.example/in", "headers": {"X-Key": GIVEN_SECRET}, "gzip": true},
    }});
    supabase
        .on("GET", DRAINS)
        .answers(200, json!({"data": [drain]}))
        .times(3);
    let line = "integrations setup log-drain --kind webhook --set name=all --set url=https://logs.acme.example/in --set headers.X-Key=env:SECRET --set gzip=true";
    let run = || supabase.command(line).env("SECRET", GIVEN_SECRET);
    insta::assert_snapshot!(run().arg("--yes").arg("-vv").arg("--fields=items").run().stdout(), @r#"
    items	[{"id":"d1","name":"all","backend_type":"webhook","description":null,"config":{"url":"https://logs.acme.example/in","headers":{"X-Key":"********"},"gzip":true}}]
    "#);
    assert!(run().run().stderr().contains("nothing was changed"));
    supabase
        .on("DELETE", &format!("{DRAINS}/d1"))
        .answers(204, Said::Nothing)
        .once();
    supabase
        .on("GET", DRAINS)
        .answers(200, json!({"data": []}))
        .once();
    let removed = supabase.run("integrations remove log-drain all --yes -o json");
    assert_eq!(removed.json()["data"]["deleted"], true, "{removed}");
}

#[test]
fn a_plan_without_log_drains_is_told_as_such() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", DRAINS)
        .answers(200, json!({"data": []}))
        .once();
    supabase.on("POST", DRAINS).answers(402, json!({"error": {"code": "payment_required", "message": "Log drains are not in your plan"}})).once();
    let line = "integrations setup log-drain --kind sentry --set dsn=env:SECRET --yes";
    insta::assert_snapshot!(supabase.command(line).env("SECRET", GIVEN_SECRET).run(), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      send all logs to `sentry` (sentry), which is billed by hours and events
    error[plan_required]: Log drains are not in your plan
    hint: log drains are a paid feature: see the plan under https://supabase.com/dashboard/org/_/billing
    [exit status: 4]
    ");
}

#[test]
fn what_is_wanted_is_told_and_nothing_is_asked() {
    let supabase = FakeSupabase::start();
    insta::assert_snapshot!(supabase.run("integrations setup third-party-auth"), @"
    ------- stderr -------
    error[invalid_input]: `third-party-auth` has several kinds
    hint: choose one with `--kind`: firebase, auth0, cognito, clerk, workos, oidc, jwks, custom
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("integrations setup third-party-auth --kind cognito --set region=eu-west-1 --set pool=x"), @"
    ------- stderr -------
    error[invalid_input]: `cognito` has no `pool`; `cognito` needs `user_pool_id`
    hint: `cognito` takes region, user_pool_id
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("integrations setup third-party-auth --kind clerk --set domain=acme.example"), @"
    ------- stderr -------
    error[invalid_input]: `domain` takes a domain such as `clerk.example.com` or `name.clerk.accounts.dev`
    hint: `clerk` takes domain
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("integrations setup log-drain --kind pigeon"), @"
    ------- stderr -------
    error[invalid_input]: `log-drain` has no kind `pigeon`
    hint: it has webhook, datadog, loki, sentry, axiom, syslog, s3, last9, otlp, postgres, bigquery, clickhouse
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("integrations setup cron --expose"), @"
    ------- stderr -------
    error[invalid_input]: `--expose` is for queues
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("integrations setup cron --set a=b"), @"
    ------- stderr -------
    error[invalid_input]: `cron` takes no settings
    [exit status: 2]
    ");
    assert_eq!(supabase.conversation(), "");
    insta::assert_snapshot!(supabase.run("integrations setup vercel"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[invalid_input]: `vercel` can be set up and removed in the dashboard only
    hint: https://supabase.com/dashboard/project/abcdefghijklmnopqrst/settings/integrations
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("integrations remove github"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[invalid_input]: `github` can be set up and removed in the dashboard only
    hint: https://supabase.com/dashboard/project/abcdefghijklmnopqrst/settings/integrations
    [exit status: 2]
    ");
}

/// What the catalog and the Data API say where an integration is there, and where it is not.
const EXTENSIONS: &[(&str, &[&str], &str)] = &[
    ("queues", &["pgmq"], "queues_tables"),
    ("vault", &["supabase_vault"], "vault_view"),
    ("graphql", &["pg_graphql"], ""),
    ("wrappers", &["wrappers", "supabase_vault"], ""),
];

#[test]
fn each_is_set_up_twice_removed_and_set_up_again() {
    for (name, parts, object) in EXTENSIONS {
        let supabase = FakeSupabase::start();
        supabase
            .on("GET", DATA_API)
            .answers(200, json!({"db_schema": "public,graphql_public"}));
        let state = |there: bool| {
            let version = there.then_some("1.0");
            let rows: Vec<_> = parts
                .iter()
                .map(|part| (*part, version, "somewhere"))
                .collect();
            facts(&rows, &json!({*object: there}))
        };
        let changes = |sql: &'static str| {
            let begins = move |request: &wiremock::Request| {
                String::from_utf8_lossy(&request.body).contains(sql)
            };
            supabase
                .on("POST", QUERY)
                .that(begins)
                .answers(201, json!([]))
                .once();
        };
        // Trying it out, which changes nothing.
        supabase
            .on("POST", QUERY)
            .that(|request| {
                let body = String::from_utf8_lossy(&request.body);
                body.starts_with(r#"{"query":"select"#)
            })
            .answers(201, json!([{"ok": true}]));
        let set_up = || {
            sees(&supabase, state(false));
            parts
                .iter()
                .for_each(|_| changes("create extension if not exists"));
            sees(&supabase, state(true));
            let screen = supabase.run(&format!("integrations setup {name} --yes"));
            assert!(
                screen.status() == Some(0) && screen.stderr().contains("Set up"),
                "{screen}"
            );
        };
        set_up();
        sees(&supabase, state(true));
        let again = supabase.run(&format!("integrations setup {name}"));
        assert!(
            again.status() == Some(0) && again.stderr().contains("nothing was changed"),
            "{again}"
        );
        sees(&supabase, state(true));
        if *name == "queues" {
            changes("drop schema if exists pgmq_public cascade");
        }
        changes("drop extension");
        sees(&supabase, state(false));
        let removed = supabase.run(&format!("integrations remove {name} --yes"));
        assert!(
            removed.status() == Some(0) && removed.stderr().contains("Removed"),
            "{removed}"
        );
        set_up();
    }
}

/// Runs in the sandbox of a world.
fn sandbox(world: &World, line: &str) -> Screen {
    let run = world.command(line).env("SUPACTL_PROFILE", "sandbox");
    run.env("SECRET", GIVEN_SECRET).run()
}

#[test]
fn what_needs_no_database_lives_in_the_sandbox() {
    let world = World::new();
    for (setup, remove) in [
        (
            "third-party-auth --kind firebase --set project_id=acme",
            "third-party-auth https://securetoken.google.com/acme",
        ),
        (
            "log-drain --kind datadog --set region=us1 --set api_key=env:SECRET",
            "log-drain datadog",
        ),
    ] {
        for _ in 0..2 {
            let screen = sandbox(&world, &format!("integrations setup {setup} --yes"));
            assert!(
                screen.status() == Some(0) && screen.stderr().contains("Set up"),
                "{screen}"
            );
            let again = sandbox(&world, &format!("integrations setup {setup}"));
            assert!(
                again.status() == Some(0) && again.stderr().contains("nothing was changed"),
                "{again}"
            );
            let removed = sandbox(&world, &format!("integrations remove {remove} --yes"));
            assert!(
                removed.status() == Some(0) && removed.stderr().contains("Removed"),
                "{removed}"
            );
        }
        let screen = sandbox(&world, &format!("integrations remove {remove} --yes"));
        assert_eq!(screen.code(), Some("not_found"), "{screen}");
    }
    let listed = sandbox(
        &world,
        "integrations list --kind source --fields name,status",
    );
    insta::assert_snapshot!(listed, @"github	installed");
    let connection = sandbox(&world, "integrations status github -o json").json();
    assert_eq!(
        connection["data"]["items"][0]["repository"]["name"],
        "acme/shop"
    );
}

#[test]
fn the_database_of_the_sandbox_is_told_as_it_is() {
    let world = World::sandbox();
    insta::assert_snapshot!(world.run("integrations list --kind extension --kind wrapper --fields name,status"), @"
    cron	unavailable
    queues	unavailable
    vault	unavailable
    graphql	unavailable
    webhooks	installed
    wrappers	unavailable
    ");
    insta::assert_snapshot!(world.run("integrations setup cron --yes"), @"
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    error[conflict]: the database image of project acmeshopproductionab does not have extension pg_cron
    hint: a database upgrade may bring it: https://supabase.com/dashboard/project/acmeshopproductionab/settings/infrastructure
    [exit status: 6]
    ");
    // Webhooks can be set up here: twice, and again after they went.
    for _ in 0..2 {
        let screen = world.run("integrations setup webhooks");
        assert!(screen.stderr().contains("nothing was changed"), "{screen}");
    }
    insta::assert_snapshot!(world.run("integrations remove webhooks --yes --fields name,status,deleted"), @"
    name	webhooks
    status	installed
    deleted	true
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    Removed `webhooks` (2 of them)
    ");
    assert_eq!(
        world.run("integrations webhooks list -o json").json()["data"],
        json!([])
    );
    assert_eq!(
        world.run("integrations remove webhooks --yes").code(),
        Some("not_found")
    );
    assert_eq!(
        world.run("integrations setup webhooks --yes").status(),
        Some(0)
    );
}
