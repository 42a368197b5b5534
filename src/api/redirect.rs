//! Redirects: which are followed, and what is said of the others.

use reqwest::header::HeaderMap;

use super::error::ApiError;
use super::request::{Request, Safety};
use super::transport::name_of;
use crate::error::Code;

/// Redirects followed on one host.
pub(super) const MOST: usize = 5;

/// Where a redirect leads, if it is followed: a read, to the same host. A token goes to the host that it
/// is meant for, whatever that host answers; and a write that is sent on would turn into a read, whose
/// answer looks like the write's.
pub(super) fn onward(
    response: &reqwest::Response,
    request: &Request,
    url: &reqwest::Url,
) -> Option<reqwest::Url> {
    if !response.status().is_redirection() || request.safety == Safety::Unsafe {
        return None;
    }
    let location = response.headers().get("location")?.to_str().ok()?;
    let target = response.url().join(location).ok()?;
    (target.origin() == url.origin()).then_some(target)
}

/// The failure of a redirect that is not followed.
pub(super) fn refused(status: u16, headers: &HeaderMap, url: &reqwest::Url) -> ApiError {
    let target = headers
        .get("location")
        .and_then(|value| url.join(value.to_str().ok()?).ok())
        .and_then(|target| target.host_str().map(str::to_owned));
    let message = match target {
        Some(host) if Some(host.as_str()) != url.host_str() => {
            format!(
                "{} redirects to {host}, which is not followed: the token is not meant for that host",
                name_of(url)
            )
        }
        _ => format!("{} redirects in a way that is not followed", name_of(url)),
    };
    ApiError {
        status: Some(status),
        ..ApiError::new(Code::ApiError, message)
    }
}
