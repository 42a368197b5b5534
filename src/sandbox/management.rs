//! The Management API: a table of routes over the state.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::server::{Asked, Told};
use super::state::written;
use super::{
    auth_config, branches, functions, health, integrations, keys, logs, metrics, postgres,
    projects, signing_keys, webhooks,
};

/// A row of a table of routes: method, path with `{}` for any one segment, and what answers it.
pub(super) type Row = (&'static str, &'static str, Route);

/// The tables, one for each file that answers a part of the Management API.
const TABLES: &[&[Row]] = &[
    ROUTES,
    auth_config::ROUTES,
    postgres::ROUTES,
    projects::ROUTES,
    integrations::ROUTES,
    keys::ROUTES,
    health::ROUTES,
    metrics::ROUTES,
    signing_keys::ROUTES,
    super::sso::ROUTES,
    logs::ROUTES,
    functions::ROUTES,
    branches::ROUTES,
    webhooks::ROUTES,
];

/// What answers a route.
pub(super) enum Route {
    /// The part of the state under this pointer.
    Read(&'static str),
    /// The element of a list whose key is the route's first `{}`.
    Find {
        list: &'static str,
        key: &'static str,
    },
    /// A part of the project that the route names first, under this pointer.
    OfProject(&'static str),
    /// The same part, after the keys of the body were put into it.
    #[expect(dead_code, reason = "the nouns that need it come next")]
    Merge(&'static str),
    /// All elements of a list of the project.
    List(&'static Rows),
    /// The element that the last `{}` names.
    Get(&'static Rows),
    /// A new element, made of the body.
    #[expect(dead_code, reason = "the nouns that need it come next")]
    Create(&'static Rows),
    /// An element with the keys of the body put into it.
    #[expect(dead_code, reason = "the nouns that need it come next")]
    Update(&'static Rows),
    /// An element as it was before it went.
    Delete(&'static Rows),
    /// Something with behaviour of its own: the state, the parts that `{}` stood for, the request.
    Do(fn(&mut Value, Timestamp, &[&str], &Asked) -> Told),
}

/// A list that a project keeps, for the routes that do no more than keep it.
///
/// Keys that begin with `_` are the sandbox's own: no answer shows them.
pub(super) struct Rows {
    /// The project's key that it stands under. A state without it has nothing in the list.
    pub(super) list: &'static str,
    /// The key by which a path names an element.
    pub(super) key: &'static str,
    /// What is said of an element that is not there.
    pub(super) missing: &'static str,
    /// Makes a new element of what was sent, with its new id and the time.
    pub(super) made: fn(&Value, &str, &str) -> Value,
}

impl Rows {
    /// The elements.
    pub(super) fn of<'a>(&self, project: &'a mut Value) -> &'a mut Vec<Value> {
        elements(project, self.list)
    }

    fn answer(&self, project: &mut Value, route: &Route, asked: &Asked, now: Timestamp) -> Told {
        let now = written(now);
        let rows = self.of(project);
        let at = rows.iter().position(|row| {
            asked
                .segments
                .last()
                .is_some_and(|name| row[self.key] == *name)
        });
        match (route, at) {
            (Route::List(_), _) => Told::json(200, &rows.iter().map(shown).collect()),
            (Route::Create(_), _) => {
                let id = super::seed::uuid(&[self.list, &rows.len().to_string(), &now]);
                let made = (self.made)(&asked.json(), &id, &now);
                if rows.iter().any(|row| row[self.key] == made[self.key]) {
                    return Told::message(409, &format!("{} already exists", made[self.key]));
                }
                rows.push(made.clone());
                Told::json(201, &shown(&made))
            }
            (_, None) => Told::message(404, self.missing),
            (Route::Update(_), Some(at)) => {
                merge(&mut rows[at], &asked.json());
                rows[at]["updated_at"] = json!(now);
                Told::json(200, &shown(&rows[at]))
            }
            (Route::Delete(_), Some(at)) => Told::json(200, &shown(&rows.remove(at))),
            (_, Some(at)) => Told::json(200, &shown(&rows[at])),
        }
    }
}

/// A list of an object, made empty where it is not there yet.
pub(super) fn elements<'a>(object: &'a mut Value, key: &str) -> &'a mut Vec<Value> {
    if !object[key].is_array() {
        object[key] = json!([]);
    }
    match &mut object[key] {
        Value::Array(elements) => elements,
        _ => unreachable!("it was just made a list"),
    }
}

/// Puts the keys of one object into another.
pub(super) fn merge(object: &mut Value, keys: &Value) {
    for (key, value) in keys.as_object().into_iter().flatten() {
        object[key] = value.clone();
    }
}

/// An object without the sandbox's own keys.
pub(super) fn shown(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(object) = object.as_object_mut() {
        object.retain(|key, _| !key.starts_with('_'));
    }
    object
}

const ROUTES: &[Row] = &[
    ("GET", "/v1/profile", Route::Read("/profile")),
    ("GET", "/v1/organizations", Route::Do(organizations)),
    (
        "GET",
        "/v1/organizations/{}",
        Route::Find {
            list: "/organizations",
            key: "slug",
        },
    ),
    (
        "GET",
        "/v1/organizations/{}/projects",
        Route::Do(organization_projects),
    ),
    ("GET", "/v2/organizations/{}/members", Route::Do(members)),
    ("GET", "/v1/snippets", Route::Do(snippets)),
    ("GET", "/v1/snippets/{}", Route::Do(snippet)),
    ("GET", "/v1/projects/{}/storage/buckets", Route::Do(buckets)),
];

/// Operations that the service has and the sandbox has not: the beginnings of their paths.
const LACKING: &[&str] = &[
    "/v1/branches",
    "/v1/oauth",
    "/v1/organizations",
    "/v1/projects",
    "/v1/snippets",
    "/v2/organizations",
    "/v2/projects",
];

/// What the limit of the service is told as. The sandbox has none.
const LIMIT: u32 = 120;

pub(super) fn answer(state: &mut Value, now: Timestamp, asked: &Asked, token: &str) -> Told {
    if asked.header("authorization") != Some(format!("Bearer {token}").as_str()) {
        return Told::message(401, "Unauthorized");
    }
    let mut told = find(state, now, asked);
    told.headers.extend([
        ("x-ratelimit-limit", LIMIT.to_string()),
        ("x-ratelimit-remaining", (LIMIT - 1).to_string()),
        ("x-ratelimit-reset", "60".to_owned()),
        (
            "x-request-id",
            super::seed::uuid(&[&asked.method, &asked.path]),
        ),
    ]);
    told
}

fn find(state: &mut Value, now: Timestamp, asked: &Asked) -> Told {
    for (method, pattern, route) in TABLES.iter().copied().flatten() {
        let Some(parts) = fits(pattern, &asked.segments) else {
            continue;
        };
        if *method != asked.method && !(asked.method == "HEAD" && *method == "GET") {
            continue;
        }
        let of_project = pattern[3..].starts_with("/projects/{}");
        if of_project && state["projects"].get(parts[0]).is_none() {
            return projects::missing(state, parts[0]);
        }
        let nothing = Value::Null;
        return match route {
            Route::Read(pointer) => Told::json(200, state.pointer(pointer).unwrap_or(&nothing)),
            Route::Find { list, key } => {
                let elements = state.pointer(list).and_then(Value::as_array).into_iter();
                match elements.flatten().find(|element| element[key] == parts[0]) {
                    Some(element) => Told::json(200, element),
                    None => unknown_project(),
                }
            }
            Route::OfProject(pointer) => {
                let part = state["projects"][parts[0]].pointer(pointer);
                Told::json(200, &shown(part.unwrap_or(&nothing)))
            }
            Route::Merge(pointer) => match state["projects"][parts[0]].pointer_mut(pointer) {
                Some(part) => {
                    merge(part, &asked.json());
                    Told::json(200, &shown(part))
                }
                None => Told::message(404, "Not found"),
            },
            Route::List(rows)
            | Route::Get(rows)
            | Route::Create(rows)
            | Route::Update(rows)
            | Route::Delete(rows) => {
                rows.answer(&mut state["projects"][parts[0]], route, asked, now)
            }
            Route::Do(work) => work(state, now, &parts, asked),
        };
    }
    if LACKING.iter().any(|start| asked.path.starts_with(start)) {
        return Told::message(
            501,
            &format!("the sandbox does not have {} {}", asked.method, asked.path),
        );
    }
    Told::message(404, &format!("Cannot {} {}", asked.method, asked.path))
}

/// The segments that stand where the pattern has `{}`, if it fits.
fn fits<'a>(pattern: &str, segments: &'a [String]) -> Option<Vec<&'a str>> {
    let pattern: Vec<&str> = pattern.split('/').skip(1).collect();
    if pattern.len() != segments.len() {
        return None;
    }
    let mut parts = Vec::new();
    for (wanted, segment) in pattern.iter().zip(segments) {
        match *wanted {
            "{}" => parts.push(segment.as_str()),
            same if same == segment => {}
            _ => return None,
        }
    }
    Some(parts)
}

/// What the service says of a project or organization that is not there, or somebody else's.
pub(super) fn unknown_project() -> Told {
    Told::message(
        403,
        "Your account does not have the necessary privileges to access this endpoint. For more details, refer to our documentation \
         https://supabase.com/docs/guides/platform/access-control",
    )
}

fn organizations(state: &mut Value, _: Timestamp, _: &[&str], _: &Asked) -> Told {
    let rows = state["organizations"].as_array().into_iter().flatten();
    let rows: Vec<_> = rows
        .map(|row| json!({"id": row["id"], "slug": row["slug"], "name": row["name"]}))
        .collect();
    Told::json(200, &json!(rows))
}

fn organization_projects(state: &mut Value, _: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let wanted = asked.query("search").unwrap_or_default().to_lowercase();
    let of_it = |project: &&Value| {
        project["organization_slug"] == parts[0]
            && project["name"]
                .as_str()
                .is_some_and(|name| name.to_lowercase().contains(&wanted))
    };
    let all: Vec<&Value> = state["projects"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, project)| &project["project"])
        .filter(of_it)
        .collect();
    let number = |name: &str, usual: usize| {
        asked
            .query(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(usual)
    };
    let (offset, limit) = (number("offset", 0), number("limit", 100).clamp(1, 100));
    let page: Vec<_> = all.iter().skip(offset).take(limit).map(|project| {
        json!({"ref": project["ref"], "name": project["name"], "cloud_provider": "AWS", "region": project["region"], "is_branch": false,
               "status": project["status"], "inserted_at": project["created_at"], "databases": []})
    }).collect();
    Told::json(
        200,
        &json!({"projects": page, "pagination": {"count": all.len(), "limit": limit, "offset": offset}}),
    )
}

/// Pages by a link, as all lists of v2 do.
fn members(state: &mut Value, _: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let all = state["members"].as_array().cloned().unwrap_or_default();
    let size: usize = asked
        .query("page[size]")
        .and_then(|text| text.parse().ok())
        .unwrap_or(2);
    let after = asked.query("page[after]");
    let start = after
        .and_then(|id| all.iter().position(|member| member["id"] == id))
        .map_or(0, |at| at + 1);
    let page: Vec<_> = all.iter().skip(start).take(size).collect();
    let more = start + page.len() < all.len();
    let last = page
        .last()
        .and_then(|member| member["id"].as_str())
        .unwrap_or_default();
    let next = more.then(|| {
        format!(
            "/v2/organizations/{}/members?page%5Bsize%5D={size}&page%5Bafter%5D={last}",
            parts[0]
        )
    });
    Told::json(
        200,
        &json!({"data": page, "links": {"prev": null, "next": next}}),
    )
}

/// Pages by a cursor.
fn snippets(state: &mut Value, _: Timestamp, _: &[&str], asked: &Asked) -> Told {
    let all = state["snippets"].as_array().cloned().unwrap_or_default();
    let limit: usize = asked
        .query("limit")
        .and_then(|text| text.parse().ok())
        .unwrap_or(2);
    let start: usize = asked
        .query("cursor")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let page: Vec<_> = all.iter().skip(start).take(limit).collect();
    let end = start + page.len();
    let mut body = json!({"data": page});
    if end < all.len() {
        body["cursor"] = json!(end.to_string());
    }
    Told::json(200, &body)
}

/// Unknown ones are 406 here, of all things.
fn snippet(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    match state["snippets"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|snippet| snippet["id"] == parts[0])
    {
        Some(snippet) => Told::json(200, snippet),
        None => Told::json(
            406,
            &json!({"message": "Failed to retrieve SQL snippet", "errorEventId": "49f4c1d0a7e84f0b"}),
        ),
    }
}

/// The poorer list of buckets, which needs no key.
fn buckets(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let rows = state["projects"][parts[0]]["buckets"]
        .as_array()
        .into_iter()
        .flatten();
    let keep = ["id", "name", "owner", "created_at", "updated_at", "public"];
    let rows: Vec<Value> = rows
        .map(|row| {
            keep.iter()
                .map(|key| ((*key).to_owned(), row[*key].clone()))
                .collect()
        })
        .collect();
    Told::json(200, &json!(rows))
}
