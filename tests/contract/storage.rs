//! Every answer recorded of the real Storage API: the program understands it, and calls each
//! failure by the right name.

use serde_json::Value;

use crate::program::supactl;
use crate::service::Service;
use crate::{exchanges, fits, rig_folder};

/// Which command asks for which operation.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("GET", "/bucket", "storage buckets list"),
    ("GET", "/bucket/{}", "storage buckets get t1"),
    ("POST", "/bucket", "storage buckets create t1"),
    ("PUT", "/bucket/{}", "storage buckets update t1 --public"),
    ("DELETE", "/bucket/{}", "storage buckets delete t1 --yes"),
    (
        "POST",
        "/bucket/{}/empty",
        "storage buckets empty t1 --queue --yes",
    ),
    (
        "POST",
        "/object/list-v2/{}",
        "storage buckets empty t1 --yes",
    ),
    ("DELETE", "/object/{}", "storage buckets empty t1 --yes"),
];

/// What each of Storage's errors is called here: the status and the code of the body, our codes.
const ERRORS: &[(&str, &str, &[&str])] = &[
    ("404", "NoSuchBucket", &["not_found"]),
    ("404", "NoSuchKey", &["not_found"]),
    ("409", "BucketAlreadyExists", &["already_exists"]),
    ("409", "ResourceNotEmpty", &["conflict"]),
    ("400", "InvalidBucketName", &["rejected"]),
    ("400", "InvalidRequest", &["rejected"]),
    ("413", "EntityTooLarge", &["rejected"]),
    ("415", "InvalidMimeType", &["rejected"]),
    // The same status for a key that is no key and for one that may not: both end in 4.
    ("403", "AccessDenied", &["unauthorized", "forbidden"]),
];

#[test]
fn every_answer_of_storage_is_understood() {
    let Some(rig) = rig_folder("every_answer_of_storage_is_understood") else {
        return;
    };
    let service = Service::start();
    let mut count = 0;
    for exchange in exchanges(&rig.join("storage-transcripts.jsonl")) {
        let verb = exchange["request"]["method"].as_str().unwrap();
        let path = exchange["request"]["path"].as_str().unwrap();
        let path = path.split('?').next().unwrap_or(path);
        let Some((_, pattern, command)) = COMMANDS
            .iter()
            .find(|(method, pattern, _)| *method == verb && fits(pattern, path))
        else {
            continue;
        };
        let response = &exchange["response"];
        service.next(verb, pattern, response);
        let run = supactl(&service.address(), &format!("{command} -o json"));
        service.was_asked();
        if response["status"].as_u64().unwrap() < 300 {
            run.succeeded();
        } else {
            let body = &response["body"];
            run.refused(body, codes(body, exchange["name"].as_str().unwrap()));
        }
        count += 1;
    }
    assert!(count > 100, "only {count} answers were found");
}

fn codes(body: &Value, name: &str) -> &'static [&'static str] {
    let word = |key: &str| body[key].as_str().unwrap_or_default();
    ERRORS
        .iter()
        .find(|(status, code, _)| *status == word("statusCode") && *code == word("code"))
        .map_or_else(
            || panic!("{name}: nothing is said of the error {body}"),
            |(_, _, ours)| *ours,
        )
}
