use serde_json::json;

use crate::support::FakeSupabase;

#[test]
fn list_shows_slugs_and_names() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/organizations")
        .answers(200, "orgs.json")
        .once();
    insta::assert_snapshot!(supabase.run("orgs list"), @"
    acme	Acme GmbH
    umbrella-2	Umbrella
    ");
}

#[test]
fn get_shows_the_plan() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/organizations/acme")
        .answers(200, "org.json")
        .once();
    insta::assert_snapshot!(supabase.run("orgs get acme"), @"
    slug	acme
    name	Acme GmbH
    plan	pro
    allowed_release_channels	ga, preview
    opt_in_tags	AI_SQL_GENERATOR_OPT_IN
    ");
    insta::assert_snapshot!(supabase.run("orgs show acme -o yaml"), @"
    data:
      id: acme
      slug: acme
      name: Acme GmbH
      plan: pro
      opt_in_tags:
      - AI_SQL_GENERATOR_OPT_IN
      allowed_release_channels:
      - ga
      - preview
    success: true
    error: null
    metadata:
      command: orgs get
      project: null
      timestamp: [now]
      duration_ms: [ms]
      cached: true
      count: null
      dry_run: false
    ");
}

#[test]
fn a_list_without_entries_is_no_failure() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/organizations")
        .answers(200, json!([]));
    insta::assert_snapshot!(supabase.run("orgs ls"), @"");
}

#[test]
fn a_missing_organization_is_not_found() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/organizations/nope")
        .answers(404, json!({"message": "Organization not found"}));
    insta::assert_snapshot!(supabase.run("orgs get nope"), @"
    ------- stderr -------
    error[not_found]: Organization not found
    [exit status: 5]
    ");
}

#[test]
fn what_is_no_slug_is_refused_before_anything_is_sent() {
    let supabase = FakeSupabase::start();
    insta::assert_snapshot!(supabase.run("orgs get ../projects"), @"
    ------- stderr -------
    error[invalid_input]: `../projects` is not a slug: letters, digits, `-` and `_`
    hint: `supactl orgs list` shows the slugs of yours
    [exit status: 2]
    ");
}
