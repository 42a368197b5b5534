use super::*;

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn statuses_are_read_as_people_write_them() {
    for (text, from, to) in [
        ("100", 100, 100),
        ("404", 404, 404),
        ("599", 599, 599),
        ("1xx", 100, 199),
        ("5XX", 500, 599),
    ] {
        assert_eq!(text.parse(), Ok(Statuses { from, to }), "{text}");
    }
    for text in ["", "99", "600", "0xx", "6xx", "xx", "5x", "-404", "ok"] {
        assert!(text.parse::<Statuses>().is_err(), "{text}");
    }
}

type Filter = fn(&mut Search);

/// What a filter adds to a search.
fn added(mut search: Search, filter: Filter) -> String {
    let before = search.conditions.len();
    filter(&mut search);
    search.conditions[before..].join(" and ")
}

#[test]
fn each_filter_of_requests_is_a_condition() {
    let cases: [(Filter, &str); 12] = [
        (
            |one| one.with_text(Some("it's")),
            "positionCaseInsensitiveUTF8(event_message, 'it''s') > 0",
        ),
        (
            |one| one.with_method(&owned(&["get", "Post"])),
            "log_attributes['request.method'] in ('GET', 'POST')",
        ),
        (
            |one| one.with_path(Some("/rest"), Some("todo")),
            "startsWith(log_attributes['request.path'], '/rest') and positionCaseInsensitiveUTF8(log_attributes['request.path'], 'todo') > 0",
        ),
        (
            |one| one.with_services(&owned(&["rest"])),
            "startsWith(log_attributes['request.path'], '/rest/v1')",
        ),
        (
            |one| one.with_services(&owned(&["rest", "auth"])),
            "(startsWith(log_attributes['request.path'], '/rest/v1') or startsWith(log_attributes['request.path'], '/auth/v1'))",
        ),
        (
            |one| one.with_status(&[Statuses { from: 404, to: 404 }], false),
            "toInt32OrZero(log_attributes['response.status_code']) = 404",
        ),
        (
            |one| {
                one.with_status(
                    &[
                        Statuses { from: 404, to: 404 },
                        Statuses { from: 500, to: 599 },
                    ],
                    false,
                );
            },
            "(toInt32OrZero(log_attributes['response.status_code']) = 404 or toInt32OrZero(log_attributes['response.status_code']) between 500 and 599)",
        ),
        (
            |one| one.with_min_duration(Some(1.5), false),
            "toFloat64OrZero(log_attributes['response.origin_time']) >= 1.5",
        ),
        (
            |one| one.with_ip(Some("::1")),
            "(log_attributes['request.headers.cf_connecting_ip'] = '::1' or log_attributes['request.headers.x_real_ip'] = '::1')",
        ),
        (
            |one| one.with_user_agent(Some("curl")),
            "positionCaseInsensitiveUTF8(log_attributes['request.headers.user_agent'], 'curl') > 0",
        ),
        (
            |one| one.with_user(Some("u")),
            "(log_attributes['request.sb.auth_user'] = 'u' or log_attributes['request.sb.jwt.authorization.payload.subject'] = 'u')",
        ),
        (
            |one| one.with_role(Some("anon")),
            "log_attributes['request.sb.jwt.authorization.payload.role'] = 'anon'",
        ),
    ];
    for (filter, condition) in cases {
        assert_eq!(added(Search::requests(false), filter), condition);
    }
    let none = added(Search::requests(false), |one| {
        one.with_text(None);
        one.with_method(&[]);
        one.with_path(None, None);
        one.with_services(&[]);
        one.with_status(&[], false);
        one.with_min_duration(None, false);
        one.with_ip(None);
        one.with_user_agent(None);
        one.with_user(None);
        one.with_role(None);
    });
    assert_eq!(none, "", "what is not given is no condition");
}

#[test]
fn calls_of_functions_have_their_own_names_for_path_and_duration() {
    for (filter, condition) in [
        (
            (|one| one.with_path(Some("/functions"), None)) as Filter,
            "startsWith(if(source = 'function_edge_logs', log_attributes['request.pathname'], log_attributes['request.path']), '/functions')",
        ),
        (
            |one| one.with_min_duration(Some(500.0), false),
            "toFloat64OrZero(if(source = 'function_edge_logs', log_attributes['execution_time_ms'], log_attributes['response.origin_time'])) >= 500",
        ),
    ] {
        assert_eq!(added(Search::requests(true), filter), condition);
    }
}

#[test]
fn each_filter_of_calls_is_a_condition_that_console_lines_need_not_meet() {
    let cases: [(Filter, &str); 7] = [
        (
            |one| one.with_functions(&owned(&["a", "b"])),
            "log_attributes['function_id'] in ('a', 'b')",
        ),
        (|one| one.with_functions(&[]), ""),
        (
            |one| one.with_min_duration(Some(500.0), false),
            "toFloat64OrZero(log_attributes['execution_time_ms']) >= 500",
        ),
        (
            |one| one.with_min_duration(Some(500.0), true),
            "(source = 'function_logs' or toFloat64OrZero(log_attributes['execution_time_ms']) >= 500)",
        ),
        (
            |one| one.with_status(&[Statuses { from: 500, to: 599 }], true),
            "(source = 'function_logs' or toInt32OrZero(log_attributes['response.status_code']) between 500 and 599)",
        ),
        (
            |one| one.with_console_levels(&owned(&["warn", "warning"])),
            "(source != 'function_logs' or lower(log_attributes['level']) in ('warn', 'warning'))",
        ),
        (|one| one.with_console_levels(&[]), ""),
    ];
    for (filter, condition) in cases {
        assert_eq!(added(Search::functions(true), filter), condition);
    }
}

#[test]
fn each_source_has_its_own_way_of_saying_that_something_went_wrong() {
    for (sources, level, condition) in [
        (
            &["postgres_logs"][..],
            Level::Error,
            "((source = 'postgres_logs' and upper(log_attributes['parsed.error_severity']) in ('ERROR', 'FATAL', 'PANIC')))",
        ),
        (
            &["edge_logs"],
            Level::Error,
            "((source in ('edge_logs') and toInt32OrZero(log_attributes['response.status_code']) >= 500))",
        ),
        (
            &["function_edge_logs", "edge_logs"],
            Level::Warning,
            "((source in ('edge_logs', 'function_edge_logs') and toInt32OrZero(log_attributes['response.status_code']) between 400 and 499))",
        ),
        (
            &["auth_logs"],
            Level::Error,
            "((source = 'auth_logs' and (lower(log_attributes['level']) in ('error', 'fatal') or toInt32OrZero(log_attributes['status']) >= 500)))",
        ),
        (
            &["storage_logs"],
            Level::Warning,
            "((source = 'storage_logs' and (lower(log_attributes['level']) in ('warn', 'warning') or toInt32OrZero(log_attributes['res.statusCode']) between 400 and 499) \
             and lower(log_attributes['level']) not in ('error', 'fatal')))",
        ),
        (
            &["realtime_logs", "custom"],
            Level::Error,
            "((source in ('realtime_logs', 'custom') and (lower(log_attributes['level']) in ('error', 'fatal', 'critical') or upper(severity_text) in ('ERROR', 'FATAL', 'CRITICAL'))))",
        ),
        (
            &["custom", "postgres_logs"],
            Level::Warning,
            "((source = 'postgres_logs' and upper(log_attributes['parsed.error_severity']) in ('WARNING')) \
             or (source in ('custom') and (lower(log_attributes['level']) in ('warn', 'warning') or upper(severity_text) in ('WARN', 'WARNING'))))",
        ),
    ] {
        assert_eq!(errors(&owned(sources), &[level]), condition);
    }
}

#[test]
fn without_a_source_all_are_looked_at_and_without_a_level_errors_are() {
    let all = errors(&[], &[]);
    for source in [
        "(source = 'postgres_logs' and ",
        "(source in ('edge_logs', 'function_edge_logs') and ",
        "(source = 'auth_logs' and ",
        "(source = 'storage_logs' and ",
        "(source in ('function_logs', 'realtime_logs', 'supavisor_logs', 'postgrest_logs', 'pgbouncer_logs', 'auth_audit_logs') and ",
    ] {
        assert_eq!(all.matches(source).count(), 1, "{source}: {all}");
    }
    assert_eq!(all.matches("(source ").count(), 5, "{all}");
    assert_eq!(all, errors(&[], &[Level::Error]));
    let both = errors(&[], &[Level::Error, Level::Warning]);
    let warnings = errors(&[], &[Level::Warning]);
    let inner = |text: &str| text[1..text.len() - 1].to_owned();
    assert_eq!(
        both,
        format!("({} or {})", inner(&all), inner(&warnings)),
        "both are the one or the other"
    );
}

#[test]
fn what_can_be_only_one_of_both_is_not_looked_at_again() {
    let sources = owned(&["edge_logs"]);
    for (levels, error) in [
        (&[][..], "1"),
        (&[Level::Error], "1"),
        (&[Level::Warning], "0"),
        (
            &[Level::Warning, Level::Error],
            "((source in ('edge_logs') and toInt32OrZero(log_attributes['response.status_code']) >= 500))",
        ),
    ] {
        assert_eq!(error_measures(&sources, levels).error, error, "{levels:?}");
    }
}

#[test]
fn statements_keep_to_all_conditions() {
    let mut search = Search::functions(false);
    search.with_text(Some("x"));
    let bounds = owned(&["a >= 1", "a < 2"]);
    let conditions = "where source = 'function_edge_logs' and positionCaseInsensitiveUTF8(event_message, 'x') > 0 and a >= 1 and a < 2";
    for (newest_first, limit, end) in [
        (true, 5, "order by ts_us desc, log_id desc limit 5"),
        (false, 5_000, "order by ts_us asc, log_id asc limit 1000"),
    ] {
        assert_eq!(
            search.page(&bounds, newest_first, limit),
            format!("select {HEAD}, {OF_FUNCTIONS} from logs {conditions} {end}")
        );
    }
    assert_eq!(
        search.counted("b, count() as total", &bounds, "b"),
        format!(
            "select b, count() as total from logs {conditions} group by b order by b limit 1000"
        )
    );
    assert_eq!(
        search.groups(&bounds),
        format!(
            "select source, {CODE} as code, count() as n, toUnixTimestamp64Micro(min(timestamp)) as first_us, \
             toUnixTimestamp64Micro(max(timestamp)) as last_us, any(event_message) as sample from logs {conditions} \
             group by source, code order by n desc, source, code limit 1000"
        )
    );
}

#[test]
fn the_keys_of_a_list_are_those_that_it_asks_for() {
    for (search, keys) in [
        (
            Search::functions(true),
            "id logged_at source function_id execution_id method path url status_code duration_ms region deployment_id version level message",
        ),
        (
            Search::errors(&[], &[]),
            "id logged_at source severity code path message",
        ),
        (
            Search::requests(true),
            "id logged_at source method path query status_code duration_ms ip user_agent country auth_user proxy_status cf_ray",
        ),
    ] {
        assert_eq!(search.keys().join(" "), keys);
    }
}

#[test]
fn searches_are_told_apart_by_columns_and_conditions() {
    let mut other = Search::requests(false);
    other.with_text(Some("x"));
    let all = [
        Search::requests(false),
        Search::requests(true),
        Search::functions(false),
        other.clone(),
    ];
    let distinct: std::collections::HashSet<_> = all.iter().map(Search::fingerprint).collect();
    assert_eq!(distinct.len(), all.len());
    assert_eq!(other.fingerprint(), other.clone().fingerprint());
}

#[test]
fn a_row_is_asked_for_by_all_that_is_known_of_it() {
    let id: LogId = "edge_logs/1/ab".parse().unwrap();
    for (statement, condition) in [
        (
            one(&id),
            "where source = 'edge_logs' and toString(id) = 'ab' limit 1",
        ),
        (
            one_of(&[], "ab"),
            "where (toString(id) = 'ab' or (source = 'function_edge_logs' and log_attributes['execution_id'] = 'ab')) order by ts_us desc limit 1",
        ),
        (
            one_of(&["edge_logs", "auth_logs"], "ab"),
            "where source in ('edge_logs', 'auth_logs') and (toString(id) = 'ab' or (source = 'function_edge_logs' and log_attributes['execution_id'] = 'ab')) order by ts_us desc limit 1",
        ),
    ] {
        assert_eq!(statement, format!("select {WHOLE} from logs {condition}"));
    }
    let console = console("ab");
    assert!(
        console.ends_with("where source = 'function_logs' and log_attributes['execution_id'] = 'ab' order by ts_us asc, log_id asc limit 1000"),
        "{console}"
    );
    let related = related(&owned(&["x", "y"]), &id);
    assert_eq!(related.matches("'] in ('x', 'y')").count(), 6, "{related}");
    assert!(
        related.ends_with("and toString(id) != 'ab' order by ts_us asc, log_id asc limit 200"),
        "{related}"
    );
}

#[test]
fn what_there_is_is_counted_in_all_sources_or_in_some() {
    let some = owned(&["edge_logs", "auth_logs"]);
    for (chosen, condition) in [
        (&[][..], ""),
        (&some, " where source in ('edge_logs', 'auth_logs')"),
    ] {
        assert_eq!(
            sources(chosen),
            format!(
                "select source, count() as n from logs{condition} group by source order by n desc, source limit 1000"
            )
        );
        assert_eq!(
            keys(chosen),
            format!(
                "select source, arrayJoin(mapKeys(log_attributes)) as key, count() as n from logs{condition} \
                 group by source, key order by n desc, source, key limit 1000"
            )
        );
    }
}
