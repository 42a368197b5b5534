//! What the sandbox holds before anything was done in it: a small organization with three projects.

use ring::digest;
use serde_json::{Value, json};

use super::{branches, functions};

/// The project that is meant when none is named.
pub(crate) const DEFAULT_PROJECT: &str = "acmeshopproductionab";

const STAGING: &str = "acmeshopstagingabcde";
const ANALYTICS: &str = "acmeanalyticsabcdefg";

/// The project's own limit for files, in bytes: 50 MiB, as new projects have.
const FILE_SIZE_LIMIT: u64 = 52_428_800;

/// The state before anything was done.
pub(super) fn state() -> Value {
    let mut projects = serde_json::Map::new();
    projects.insert(DEFAULT_PROJECT.to_owned(), shop());
    projects.insert(
        STAGING.to_owned(),
        project(
            STAGING,
            "acme-shop-staging",
            "eu-central-1",
            "INACTIVE",
            "2026-03-09T14:02:11.094Z",
        ),
    );
    projects.insert(
        ANALYTICS.to_owned(),
        project(
            ANALYTICS,
            "acme-analytics",
            "us-east-1",
            "ACTIVE_UNHEALTHY",
            "2026-06-17T08:45:30.512Z",
        ),
    );
    branches::seed(&mut projects, DEFAULT_PROJECT);
    json!({
        "clock_ahead_ms": 0,
        "profile": {"gotrue_id": "7d3a2f5e-94c1-4b0e-8a5d-2f6b1c0e9d47", "primary_email": "ada@acme.example", "username": "ada"},
        "organizations": [
            {"id": "acme", "slug": "acme", "name": "Acme", "plan": "pro", "opt_in_tags": [], "allowed_release_channels": ["ga", "preview"]},
        ],
        "members": [
            member("7d3a2f5e-94c1-4b0e-8a5d-2f6b1c0e9d47", "ada", "Owner"),
            member("1b9f6d0c-35e2-47aa-9c6e-8e0d4f7a2b13", "grace", "Administrator"),
            member("c4e8a7b2-60fd-4d19-b3c5-5a9f2e1d8c60", "edsger", "Developer"),
        ],
        "snippets": [
            snippet("0b6f5c1e-8f0a-4a53-9f65-33b1f2a7d901", "Orders of today"),
            snippet("3f4e9d27-1c58-4b6e-a0d2-7e8b5c9f1a02", "Customers without orders"),
            snippet("a9d8c7b6-5e4f-4321-8765-0f1e2d3c4b03", "Slow queries"),
        ],
        "projects": projects,
    })
}

fn member(id: &str, username: &str, role: &str) -> Value {
    json!({
        "type": "organization_member", "id": id,
        "attributes": {
            "username": username, "primary_email": format!("{username}@acme.example"), "mfa_enabled": true, "is_sso_user": false,
            "avatar_url": null, "roles": [{"name": role, "scope": "organization", "projects": []}],
        },
    })
}

fn snippet(id: &str, name: &str) -> Value {
    json!({
        "id": id, "name": name, "type": "sql", "visibility": "user", "description": null, "favorite": false,
        "inserted_at": "2026-08-03T10:00:00.000Z", "updated_at": "2026-08-03T10:00:00.000Z",
        "project": {"id": 1, "name": "acme-shop"}, "owner": {"id": 1, "username": "ada"}, "updated_by": {"id": 1, "username": "ada"},
    })
}

/// A project with nothing in it.
pub(super) fn project(
    reference: &str,
    name: &str,
    region: &str,
    status: &str,
    created_at: &str,
) -> Value {
    json!({
        "project": {
            "id": reference, "ref": reference, "organization_id": "acme", "organization_slug": "acme",
            "name": name, "region": region, "status": status, "created_at": created_at,
            "database": {"host": format!("db.{reference}.supabase.co"), "version": "17.6.1.021", "postgres_engine": "17", "release_channel": "ga"},
        },
        "file_size_limit": FILE_SIZE_LIMIT,
        "buckets": [],
        "objects": [],
        "signing_keys": super::signing_keys::seeded(reference),
    })
}

/// The project with something to look at.
fn shop() -> Value {
    let mut shop = project(
        DEFAULT_PROJECT,
        "acme-shop",
        "eu-central-1",
        "ACTIVE_HEALTHY",
        "2026-01-12T09:30:00.341Z",
    );
    shop["buckets"] = json!([
        bucket(
            "avatars",
            true,
            &json!(5_000_000),
            &json!(["image/png", "image/jpeg", "image/webp"]),
            "2026-01-12T09:41:03.220Z"
        ),
        bucket(
            "product-images",
            true,
            &json!(10_000_000),
            &json!(["image/*"]),
            "2026-01-14T16:20:45.907Z"
        ),
        bucket(
            "invoices",
            false,
            &json!(2_000_000),
            &json!(["application/pdf"]),
            "2026-02-02T11:05:19.450Z"
        ),
        bucket(
            "exports",
            false,
            &json!(null),
            &json!(null),
            "2026-05-28T07:12:33.018Z"
        ),
        bucket(
            "drafts",
            false,
            &json!(null),
            &json!(null),
            "2026-09-30T13:55:08.764Z"
        ),
    ]);
    super::sso::seed(&mut shop);
    let mut objects = Vec::new();
    for (bucket, name, mimetype, size) in [
        ("avatars", "ada.png", "image/png", 18_204),
        ("avatars", "grace.jpg", "image/jpeg", 24_117),
        ("product-images", "chairs/oak.webp", "image/webp", 88_450),
        ("product-images", "chairs/steel.webp", "image/webp", 79_312),
        ("product-images", "tables/round.webp", "image/webp", 91_006),
        ("invoices", "2026/01/A-1001.pdf", "application/pdf", 40_120),
        ("invoices", "2026/01/A-1002.pdf", "application/pdf", 40_733),
        ("invoices", "2026/02/A-1003.pdf", "application/pdf", 41_090),
        ("exports", "orders.csv", "text/csv", 512_330),
    ] {
        objects.push(object(bucket, name, mimetype, size));
    }
    shop["objects"] = Value::Array(objects);
    super::auth_config::seed(&mut shop, DEFAULT_PROJECT);
    functions::seed(&mut shop);
    shop
}

fn bucket(name: &str, public: bool, limit: &Value, types: &Value, created_at: &str) -> Value {
    json!({
        "id": name, "name": name, "owner": "", "public": public, "type": "STANDARD",
        "file_size_limit": limit, "allowed_mime_types": types, "created_at": created_at, "updated_at": created_at,
    })
}

/// A file of the seed. Its bytes are not kept: a download makes them up from its size.
fn object(bucket: &str, name: &str, mimetype: &str, size: u64) -> Value {
    json!({
        "bucket_id": bucket, "name": name, "id": uuid(&[bucket, name]), "version": uuid(&[bucket, name, "version"]),
        "created_at": "2026-06-01T12:00:00.000Z", "updated_at": "2026-06-01T12:00:00.000Z",
        "mimetype": mimetype, "cache_control": "max-age=3600", "size": size, "etag": hex(&[bucket, name]),
    })
}

/// Something that looks random and is the same each time.
fn hash(parts: &[&str]) -> Vec<u8> {
    digest::digest(&digest::SHA256, parts.join("\n").as_bytes())
        .as_ref()
        .to_vec()
}

/// 32 hexadecimal digits.
pub(super) fn hex(parts: &[&str]) -> String {
    hash(parts)[..16]
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// A UUID of version 4, by its looks.
pub(super) fn uuid(parts: &[&str]) -> String {
    let hex = hex(parts);
    format!(
        "{}-{}-4{}-a{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}

/// A reference of a project, by its looks.
pub(super) fn letters(parts: &[&str]) -> String {
    let letters = hash(parts).into_iter().take(20);
    letters.map(|byte| char::from(b'a' + byte % 26)).collect()
}
