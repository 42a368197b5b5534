use serde_json::{Value, json};

use crate::support::{DIGEST, FakeSupabase, GIVEN_SECRET, Screen, World};

/// The settings.
const CONFIG: &str = "/v1/projects/abcdefghijklmnopqrst/config/auth";

/// Settings of a service that lacks most of what it once had, and has something new.
fn config() -> Value {
    json!({
        "site_url": "https://acme.example", "uri_allow_list": "", "jwt_exp": 3600, "password_min_length": 8,
        "external_google_enabled": true, "external_google_client_id": "id-1", "external_google_secret": DIGEST,
        "external_github_enabled": false, "external_azure_enabled": true, "external_azure_client_id": "",
        "external_phone_enabled": true, "sms_provider": "twilio", "sms_twilio_account_sid": "AC1",
        "smtp_pass": null, "security_captcha_secret": DIGEST, "a_setting_of_tomorrow": {"on": true},
    })
}

/// The same after a change.
fn changed(keys: &Value) -> Value {
    let mut config = config();
    for (key, value) in keys.as_object().unwrap() {
        config[key] = value.clone();
    }
    config
}

/// Expects this change, and nothing else, to be sent and then read back.
fn takes(supabase: &FakeSupabase, change: &Value, read_back: &Value) {
    supabase.on("GET", CONFIG).answers(200, config()).once();
    supabase
        .on("PATCH", CONFIG)
        .with_body(change.clone())
        .answers(200, changed(read_back))
        .once();
    supabase
        .on("GET", CONFIG)
        .answers(200, changed(read_back))
        .once();
}

#[test]
fn providers_are_told_with_what_they_lack() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", CONFIG).answers(200, config()).once();
    insta::assert_snapshot!(supabase.run("auth providers list --enabled"), @"
    azure	yes		unset	external_azure_client_id, external_azure_secret	http://127.0.0.1:[port]/gw/abcdefghijklmnopqrst/auth/v1/callback
    google	yes	id-1	set		http://127.0.0.1:[port]/gw/abcdefghijklmnopqrst/auth/v1/callback
    phone	yes			sms_twilio_auth_token, sms_twilio_message_service_sid
    ");
    // Out of the answer that was kept, which holds neither secrets nor digests.
    let all = supabase.run("auth providers ls -o json").json();
    assert_eq!(all["data"].as_array().unwrap().len(), 26);
    insta::assert_snapshot!(supabase.run("auth providers get google"), @"
    name	google
    enabled	yes
    client_id	id-1
    client_secret	set
    missing	
    redirect_url	http://127.0.0.1:[port]/gw/abcdefghijklmnopqrst/auth/v1/callback
    settings.external_google_enabled	true
    settings.external_google_client_id	id-1
    settings.external_google_secret	set
    settings.external_google_additional_client_ids	
    settings.external_google_email_optional	
    settings.external_google_skip_nonce_check	
    ------- stderr -------
    cached 0 s ago; `--refresh` asks anew
    ");
    insta::assert_snapshot!(supabase.run("auth provider show linkedin --fields name,enabled,client_id,missing"), @"
    name	linkedin_oidc
    enabled	
    client_id	
    missing	external_linkedin_oidc_client_id, external_linkedin_oidc_secret
    ------- stderr -------
    cached 0 s ago; `--refresh` asks anew
    ");
    let kept = files(supabase.world());
    assert!(kept.contains("id-1") && !kept.contains(DIGEST), "{kept}");
}

/// All that stands in the files of a world's cache.
fn files(world: &World) -> String {
    let mut text = String::new();
    let mut folders = vec![world.path().join("cache")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

#[test]
fn settings_are_shown_by_area_or_by_name() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", CONFIG).answers(200, config());
    insta::assert_snapshot!(supabase.run("auth service get captcha jwt_exp"), @"
    jwt_exp	3600
    security_captcha_enabled	
    security_captcha_provider	
    security_captcha_secret	set
    ");
    let all = supabase.run("auth service get -o json").json();
    assert_eq!(all["data"]["a_setting_of_tomorrow"], json!({"on": true}));
    assert_eq!(all["data"]["smtp_pass"], "unset");
    assert_eq!(all["data"]["mfa_totp_enroll_enabled"], Value::Null);
    insta::assert_snapshot!(supabase.run("auth service get pasword"), @"
    ------- stderr -------
    error[invalid_input]: `[AREA|KEY]...` cannot be `pasword`: it takes general, sessions, password, captcha, rate-limits, mailer, smtp, sms, mfa, oauth-server, hooks, templates, notifications, providers, internal
    hint: did you mean `password`? `supactl auth service get --help` shows all that it takes
    [exit status: 2]
    ");
}

#[test]
fn exactly_what_changes_is_sent_and_read_back() {
    let supabase = FakeSupabase::start();
    let change = json!({"password_min_length": 12});
    takes(&supabase, &change, &change);
    insta::assert_snapshot!(supabase.run("auth service config --set password_min_length=12 --set jwt_exp=3600"), @"
    changed	password_min_length: 8 → 12
    unchanged	jwt_exp
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      password_min_length: 8 → 12
    Changed 1 setting
    ");
}

#[test]
fn nothing_is_sent_where_nothing_changes() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", CONFIG).answers(200, config()).once();
    supabase.on("PATCH", CONFIG).never();
    insta::assert_snapshot!(supabase.run("auth service config --set jwt_exp=3600 --set uri_allow_list=null -o json"), @r#"
    {"data":{"changed":[],"unchanged":["jwt_exp","uri_allow_list"]},"success":true,"error":null,"metadata":{"command":"auth service config","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Nothing to change
    "#);
}

#[test]
fn what_did_not_take_effect_is_an_error() {
    let supabase = FakeSupabase::start();
    takes(
        &supabase,
        &json!({"password_min_length": 12, "password_hibp_enabled": true}),
        &json!({"password_min_length": 12}),
    );
    insta::assert_snapshot!(supabase.run("auth service config --set password_min_length=12 --set password_hibp_enabled=true --timeout 1ns"), @"
    changed	password_min_length: 8 → 12; password_hibp_enabled: null → true
    unchanged	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      password_min_length: 8 → 12
      password_hibp_enabled: null → true
    Auth settings: the change of password_hibp_enabled is not to be seen yet, which may take a minute
    error[check_failed]: did not take effect: password_hibp_enabled
    hint: the service ignores what it does not know, and what the plan does not include; `--timeout` waits longer
    [exit status: 9]
    ");
}

#[test]
fn a_failure_after_the_change_says_that_it_was_sent() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", CONFIG).answers(200, config()).once();
    supabase.on("PATCH", CONFIG).answers(200, json!({})).once();
    supabase
        .on("GET", CONFIG)
        .answers(403, json!({"message": "Forbidden"}))
        .once();
    insta::assert_snapshot!(supabase.run("auth service config --set password_min_length=12"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      password_min_length: 8 → 12
    error[forbidden]: the settings were sent, but it could not be read back: Forbidden
    hint: the token may lack the permission `auth_config_read`, or there is no such project or organization, or it is not yours
    [exit status: 4]
    ");
}

#[test]
fn less_protection_needs_more_than_a_yes() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", CONFIG).answers(200, config());
    supabase.on("PATCH", CONFIG).never();
    insta::assert_snapshot!(supabase.run("auth service config --set password_min_length=6 --set jwt_exp=7200 --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      password_min_length: 8 → 6  (less protection)
      jwt_exp: 3600 → 7200  (less protection)
    error[confirmation_required]: this leaves project abcdefghijklmnopqrst less protected: password_min_length, jwt_exp
    hint: pass `--allow-weaker` and `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
    // Each of the two is needed.
    let screen = supabase.run("auth service config --set jwt_exp=7200 --allow-weaker");
    assert_eq!(
        (screen.status(), screen.code()),
        (Some(3), Some("confirmation_required"))
    );
    let screen = supabase.run("auth service config --set uri_allow_list=https://*.example --yes");
    assert_eq!(screen.status(), Some(3));
}

#[test]
fn less_protection_that_is_agreed_to_is_sent() {
    let supabase = FakeSupabase::start();
    let change = json!({"jwt_exp": 7200});
    takes(&supabase, &change, &change);
    insta::assert_snapshot!(supabase.run("auth service config --set jwt_exp=7200 --yes --allow-weaker"), @"
    changed	jwt_exp: 3600 → 7200
    unchanged	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      jwt_exp: 3600 → 7200  (less protection)
    Changed 1 setting
    ");
}

#[test]
fn a_person_is_asked_about_less_protection() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", CONFIG).answers(200, config()).once();
    supabase.on("PATCH", CONFIG).never();
    let person = supabase
        .command("auth service config --set jwt_exp=7200")
        .at_terminal(100)
        .reads("[y/N]")
        .types("n\n");
    let screen = person.sees_the_end();
    assert_eq!(screen.status(), Some(3), "{screen}");
    assert!(
        screen.stdout().contains("less protected: jwt_exp"),
        "{screen}"
    );
}

#[test]
fn secrets_are_set_and_never_shown() {
    let supabase = FakeSupabase::start();
    takes(
        &supabase,
        &json!({"smtp_pass": GIVEN_SECRET}),
        &json!({"smtp_pass": DIGEST}),
    );
    let run = supabase.command("auth service config --set smtp_pass=env:SECRET -vv -o json");
    let screen = run.env("SECRET", GIVEN_SECRET).run();
    assert_eq!(
        screen.json()["data"]["changed"],
        json!([{"key": "smtp_pass", "old": "unset", "new": "set", "weaker": false}])
    );
}

#[test]
fn secrets_are_masked_in_a_dry_run_and_in_errors() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", CONFIG).answers(200, config());
    supabase.on("PATCH", CONFIG).never();
    let run = supabase.command("auth providers config google --client-secret - --dry-run");
    insta::assert_snapshot!(run.input(GIVEN_SECRET).run(), @r#"
    {
      "requests": [
        {
          "method": "PATCH",
          "url": "http://127.0.0.1:[port]/v1/projects/abcdefghijklmnopqrst/config/auth",
          "body": {
            "external_google_secret": "********"
          }
        }
      ],
      "sql": []
    }
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      external_google_secret: set → set
    Dry run: nothing was changed
    "#);
    let run = supabase.command("auth service config --set hook_send_sms_secrets=env:SECRET");
    insta::assert_snapshot!(run.env("SECRET", GIVEN_SECRET).run(), @"
    ------- stderr -------
    error[invalid_input]: `hook_send_sms_secrets` takes secrets `v1,whsec_…` with `|` between: `-`, `@FILE` or `env:NAME`, not what was given
    hint: `supactl help auth-settings` tells what each setting takes
    [exit status: 2]
    ");
}

#[test]
fn a_digest_is_not_sent_back() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", CONFIG).answers(200, config());
    supabase.on("PATCH", CONFIG).never();
    let file = supabase
        .world()
        .file("auth.yaml", &format!("security_captcha_secret: {DIGEST}\n"));
    insta::assert_snapshot!(supabase.command("auth service config --file").arg(file).run(), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[invalid_input]: `security_captcha_secret`: this is the digest that the service shows, not the secret
    hint: leave it out to keep the secret as it is
    [exit status: 2]
    ");
}

#[test]
fn wrong_values_are_told_all_at_once_and_nothing_is_asked() {
    let supabase = FakeSupabase::start();
    insta::assert_snapshot!(supabase.run("auth service config --set jwt_exp=soon --set password_min_lenght=12 --set passkey_enabled=null --set jwt_exp=1"), @"
    ------- stderr -------
    error[invalid_input]: `jwt_exp` takes a whole number from 0 to 604800, not `soon`; there is no setting `password_min_lenght`; `passkey_enabled` cannot be null: it takes true or false; `jwt_exp` is given twice
    hint: did you mean `password_min_length`? `supactl help auth-settings` lists them; `--force` sends what is not known here
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("auth service config --set custom_oauth_max_providers=9"), @"
    ------- stderr -------
    error[invalid_input]: `custom_oauth_max_providers` can only be read
    hint: `supactl help auth-settings` tells what each setting takes
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("auth service config --set jwt_exp"), @"
    ------- stderr -------
    error[invalid_input]: `--set jwt_exp` gives no value
    hint: write `--set KEY=VALUE`
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("auth providers config email --client-id x"), @"
    ------- stderr -------
    error[invalid_input]: `email` has no client id
    hint: `supactl auth providers get email` shows what it has
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("auth providers config github --set url=https://x"), @"
    ------- stderr -------
    error[invalid_input]: `github` has no setting `url`
    hint: it has external_github_enabled, external_github_client_id, external_github_secret, external_github_email_optional
    [exit status: 2]
    ");
    let file = supabase.world().file("auth.yaml", "- jwt_exp\n");
    insta::assert_snapshot!(supabase.command("auth service config -f").arg(file).run(), @"
    ------- stderr -------
    error[invalid_input]: `--file [world]/auth.yaml` is not a list of `key: value` lines
    hint: `supactl auth service export` writes one
    [exit status: 2]
    ");
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn what_is_newer_than_this_program_can_be_forced() {
    let supabase = FakeSupabase::start();
    let change = json!({"a_setting_of_next_year": 5});
    takes(&supabase, &change, &change);
    let screen = supabase.run("auth service config --set a_setting_of_next_year=5 --force");
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn a_secret_that_is_newer_than_this_program_is_kept_secret_too() {
    let supabase = FakeSupabase::start();
    let change = json!({"external_foo_secret": GIVEN_SECRET});
    let told = json!({"external_foo_secret": DIGEST});
    takes(&supabase, &change, &told);
    let line = "auth service config --force --set external_foo_secret=";
    insta::assert_snapshot!(supabase.run(&format!("{line}{GIVEN_SECRET}")), @"
    changed	external_foo_secret: unset → set
    unchanged	
    ------- stderr -------
    A secret typed as an argument can be seen by others on this machine: `--set external_foo_secret` also takes `-`, `@FILE` and `env:NAME`
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      external_foo_secret: unset → set
    Changed 1 setting
    ");
    takes(&supabase, &change, &told);
    let run = supabase.command(&format!("{line}env:SECRET"));
    insta::assert_snapshot!(run.env("SECRET", GIVEN_SECRET).run(), @"
    changed	external_foo_secret: unset → set
    unchanged	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      external_foo_secret: unset → set
    Changed 1 setting
    ");
    // A secret of digits alone is a text, and what only sounds like one may be switched on.
    takes(
        &supabase,
        &json!({"external_foo_secret": "123456", "external_foo_require_password": true}),
        &json!({"external_foo_secret": DIGEST, "external_foo_require_password": true}),
    );
    let line = format!("{line}123456 --set external_foo_require_password=true");
    insta::assert_snapshot!(supabase.run(&line), @"
    changed	external_foo_secret: unset → set; external_foo_require_password: unset → true
    unchanged	
    ------- stderr -------
    A secret typed as an argument can be seen by others on this machine: `--set external_foo_secret` also takes `-`, `@FILE` and `env:NAME`
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      external_foo_secret: unset → set
      external_foo_require_password: unset → true
    Changed 2 settings
    ");

    let file = supabase.world().file(
        "auth.yaml",
        &format!("external_foo_secret: {GIVEN_SECRET}\n"),
    );
    supabase.on("GET", CONFIG).answers(200, changed(&told));
    let run = supabase.command("auth service diff --force --file");
    insta::assert_snapshot!(run.arg(file).run(), @"
    external_foo_secret	set	set	
    ------- stderr -------
    error[check_failed]: 1 of 1 settings differ
    hint: `supactl auth service config --file [world]/auth.yaml` changes them
    [exit status: 9]
    ");
    let shown = supabase.run("auth service get -o json").json();
    assert_eq!(shown["data"]["external_foo_secret"], "set");
    assert_eq!(shown["data"]["a_setting_of_tomorrow"], json!({"on": true}));
}

#[test]
fn a_redirect_address_has_one_slash() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", CONFIG).answers(200, config());
    let run = supabase.command("auth providers get google --fields redirect_url");
    let screen = run
        .env("SUPACTL_PROJECT_URL", "https://{ref}.example/")
        .run();
    assert_eq!(
        screen.stdout(),
        "redirect_url\thttps://abcdefghijklmnopqrst.example/auth/v1/callback\n",
        "{screen}"
    );
}

#[test]
fn half_of_what_goes_together_is_refused() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", CONFIG).answers(200, config()).once();
    supabase.on("PATCH", CONFIG).never();
    insta::assert_snapshot!(supabase.run("auth service config --set oauth_server_enabled=true"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[invalid_input]: `oauth_server_enabled` and `oauth_server_authorization_path` are taken together only
    hint: add `--set oauth_server_authorization_path=…`
    [exit status: 2]
    ");
}

#[test]
fn a_file_is_carried_out_and_a_flag_wins_over_it() {
    let supabase = FakeSupabase::start();
    let change = json!({
        "site_url": "https://shop.example", "mailer_templates_invite_content": "<b>Hi</b>\n",
        "smtp_pass": GIVEN_SECRET, "password_min_length": 14,
    });
    takes(&supabase, &change, &changed(&change));
    let world = supabase.world();
    let mail = world.file("invite.html", "<b>Hi</b>\n");
    let file = world.file(
        "auth.yaml",
        &format!(
            "site_url: https://shop.example\njwt_exp: 3600\npassword_min_length: 10\nsmtp_pass: env:SECRET\nmailer_templates_invite_content: '@{}'\n",
            mail.display()
        ),
    );
    let run = supabase
        .command("auth service config --set password_min_length=14 --file")
        .arg(file);
    insta::assert_snapshot!(run.env("SECRET", GIVEN_SECRET).run(), @r#"
    changed	site_url: "https://acme.example" → "https://shop.example"; smtp_pass: unset → set; mailer_templates_invite_content: null → "<b>Hi</b>\\n"; password_min_length: 8 → 14
    unchanged	jwt_exp
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      site_url: "https://acme.example" → "https://shop.example"
      smtp_pass: unset → set
      mailer_templates_invite_content: null → "<b>Hi</b>\n"
      password_min_length: 8 → 14
    Changed 4 settings
    "#);
}

#[test]
fn a_provider_is_enabled_with_a_word_on_what_it_lacks() {
    let supabase = FakeSupabase::start();
    let change = json!({"external_github_client_id": "Iv1", "external_github_enabled": true});
    takes(&supabase, &change, &change);
    insta::assert_snapshot!(supabase.run("auth providers config github --enable --client-id Iv1"), @r#"
    name	github
    enabled	yes
    client_id	Iv1
    client_secret	unset
    missing	external_github_secret
    redirect_url	http://127.0.0.1:[port]/gw/abcdefghijklmnopqrst/auth/v1/callback
    changed	external_github_client_id: null → "Iv1"; external_github_enabled: false → true
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    `github` does not work yet: external_github_secret is not set
      external_github_client_id: null → "Iv1"
      external_github_enabled: false → true
    Changed provider `github`
    "#);
}

#[test]
fn a_provider_is_disabled_by_its_switch_alone() {
    let supabase = FakeSupabase::start();
    let change = json!({"external_google_enabled": false});
    takes(&supabase, &change, &change);
    let screen = supabase.run("auth providers config google --disable --yes -o json");
    assert_eq!(screen.json()["data"]["enabled"], false);
    assert_eq!(screen.json()["data"]["client_secret"], "set");
}

#[test]
fn disabling_a_provider_needs_a_yes() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", CONFIG).answers(200, config()).once();
    supabase.on("PATCH", CONFIG).never();
    insta::assert_snapshot!(supabase.run("auth providers config google --disable"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      external_google_enabled: true → false
    error[confirmation_required]: cannot ask for confirmation here: Switch off external_google_enabled in project abcdefghijklmnopqrst? Whoever signs in that way cannot any more
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
}

#[test]
fn an_export_leaves_secrets_out_and_is_no_difference() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", CONFIG).answers(200, config());
    let export = supabase.run("auth service export");
    insta::assert_snapshot!(export, @"
    # Settings of the Auth service of project abcdefghijklmnopqrst

    # general
    site_url: 'https://acme.example'
    uri_allow_list: ''
    jwt_exp: 3600

    # password
    password_min_length: 8

    # captcha
    # security_captcha_secret: a secret that is set

    # smtp

    # sms
    sms_provider: twilio
    sms_twilio_account_sid: AC1

    # providers
    external_azure_enabled: true
    external_azure_client_id: ''
    external_github_enabled: false
    external_google_enabled: true
    external_google_client_id: id-1
    # external_google_secret: a secret that is set
    external_phone_enabled: true
    ------- stderr -------
    Left out, because they are secret: security_captcha_secret, external_google_secret
    ");
    let same = supabase
        .command("auth service diff --file -")
        .input(export.stdout())
        .run();
    insta::assert_snapshot!(same, @"
    ------- stderr -------
    No difference in 12 settings
    ");
    let other = export.stdout().replace("jwt_exp: 3600", "jwt_exp: 7200");
    let differs = supabase
        .command("auth service diff --file - -o json")
        .input(&other)
        .run();
    assert_eq!(
        (differs.status(), differs.code()),
        (Some(9), Some("check_failed"))
    );
    assert_eq!(
        differs.json()["data"],
        json!([{"key": "jwt_exp", "old": 3600, "new": 7200, "weaker": true}])
    );
}

/// Runs in the sandbox of a world.
fn sandbox(world: &World, line: &str) -> Screen {
    let run = world.command(line).env("SUPACTL_PROFILE", "sandbox");
    run.env("SECRET", GIVEN_SECRET).run()
}

#[test]
fn a_provider_is_set_up_in_the_sandbox() {
    let world = World::new();
    insta::assert_snapshot!(sandbox(&world, "auth providers list --enabled --fields name,missing"), @"
    azure	external_azure_client_id, external_azure_secret
    github	external_github_secret
    google	
    email
    ");
    insta::assert_snapshot!(sandbox(&world, "auth providers config github --client-secret env:SECRET"), @"
    name	github
    enabled	yes
    client_id	Iv1.8a61f9b3a7aba766
    client_secret	set
    missing	
    redirect_url	https://acmeshopproductionab.supabase.co/auth/v1/callback
    changed	external_github_secret: unset → set
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
      external_github_secret: unset → set
    Changed provider `github`
    ");
    // The same secret again is known by its digest.
    insta::assert_snapshot!(sandbox(&world, "auth providers config github --client-secret env:SECRET -o json --jq .data.unchanged"), @r#"
    ["external_github_secret"]
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    Nothing to change
    "#);
    let state = std::fs::read_to_string(world.path().join("state/sandbox/state.json")).unwrap();
    assert!(!state.contains(GIVEN_SECRET));
    insta::assert_snapshot!(sandbox(&world, "auth providers get github --fields enabled,client_secret,missing,redirect_url"), @"
    enabled	yes
    client_secret	set
    missing	
    redirect_url	https://acmeshopproductionab.supabase.co/auth/v1/callback
    ");
}

#[test]
fn settings_are_changed_exported_and_compared_in_the_sandbox() {
    let world = World::new();
    let export = sandbox(&world, "auth service export");
    let before = world.file("auth.yaml", export.stdout());
    let changed = sandbox(
        &world,
        "auth service config --set smtp_host=mail.example --set password_required_characters=lower_upper_digits_symbols",
    );
    insta::assert_snapshot!(changed, @r#"
    changed	smtp_host: null → "mail.example"; password_required_characters: null → "abcdefghijklmnopqrstuvwxyz:ABCDEFGHIJKLMNOPQRSTUVWXYZ:01234…
    unchanged	
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
      smtp_host: null → "mail.example"
      password_required_characters: null → "abcdefghijklmnopqrstuvwxyz:ABCDEFGHIJKLMNOPQRSTUVWXYZ:01234…
    Changed 2 settings
    "#);
    let compared = world
        .command("auth service diff --fields key,old --file")
        .arg(&before)
        .env("SUPACTL_PROFILE", "sandbox")
        .run();
    insta::assert_snapshot!(compared, @r#"
    password_required_characters	abcdefghijklmnopqrstuvwxyz:ABCDEFGHIJKLMNOPQRSTUVWXYZ:0123456789:!@#$%^&*()_+-=[]{};'\\\\:"|<>?,./`~
    smtp_host	mail.example
    ------- stderr -------
    error[check_failed]: 2 of 198 settings differ
    hint: `supactl auth service config --file [world]/auth.yaml` changes them
    [exit status: 9]
    "#);
    // Back again, which protects less.
    let back = world
        .command("auth service config --yes --allow-weaker --file")
        .arg(&before)
        .env("SUPACTL_PROFILE", "sandbox")
        .run();
    assert_eq!(back.status(), Some(0), "{back}");
    assert_eq!(
        sandbox(&world, "auth service export").stdout(),
        export.stdout()
    );
}

#[test]
fn the_sandbox_refuses_in_the_words_of_the_service() {
    let world = World::new();
    let refused = |line: &str| {
        let screen = sandbox(&world, line);
        assert_eq!(screen.code(), Some("rejected"), "{screen}");
        screen
            .stderr()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let path = "api PATCH /v1/projects/acmeshopproductionab/config/auth";
    insta::assert_snapshot!(refused(&format!("{path} -F password_min_length=5")), @"error[rejected]: password_min_length: Too small: expected number to be >=6 (request 6dd87f31-bf61-45d6-a157-e3cfc6633e31)");
    insta::assert_snapshot!(refused(&format!("{path} -F sms_provider=pigeon")), @r#"
    error[rejected]: sms_provider: Invalid option: expected one of "messagebird"|"textlocal"|"twilio"|"twilio_verify"|"vonage" (request 6dd87f31-bf61-45d6-a157-e3cfc6633e31)
    "#);
    insta::assert_snapshot!(refused(&format!("{path} -F passkey_enabled=null")), @"error[rejected]: passkey_enabled: Invalid input: expected boolean, received null (request 6dd87f31-bf61-45d6-a157-e3cfc6633e31)");
    insta::assert_snapshot!(refused(&format!("{path} -F jwt_exp=text")), @"error[rejected]: jwt_exp: Invalid input: expected number, received string (request 6dd87f31-bf61-45d6-a157-e3cfc6633e31)");
    let ignored = sandbox(&world, &format!("{path} -F unheard_of=1 -o json"));
    assert_eq!(ignored.json()["data"]["unheard_of"], Value::Null);
}
