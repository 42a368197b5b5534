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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_to_another_host_is_told_from_one_that_leads_nowhere() {
        let url = "https://api.supabase.com/v1/projects".parse().unwrap();
        let said = |location: &str| {
            let headers =
                HeaderMap::from_iter([("location".parse().unwrap(), location.parse().unwrap())]);
            refused(307, &headers, &url).message
        };
        assert_eq!(
            said("https://elsewhere.example/x"),
            "api.supabase.com redirects to elsewhere.example, which is not followed: the token is not meant for that host"
        );
        let plain = "api.supabase.com redirects in a way that is not followed";
        assert_eq!(said("http://api.supabase.com/v1/projects"), plain);
        assert_eq!(said("/v1/other"), plain);
        let nowhere = refused(307, &HeaderMap::new(), &url);
        assert_eq!(
            (nowhere.message.as_str(), nowhere.status),
            (plain, Some(307))
        );
    }
}
