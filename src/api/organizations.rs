//! Organizations (`/v1/organizations`).

use serde_json::json;

use super::Api;
use super::cache::Noun;
use super::record::{Record, record};
use super::request::Request;
use crate::error::Result;

record! {
    /// An organization. The list gives `id`, `slug` and `name`, and the id equals the slug; one alone
    /// has the plan and no slug.
    Organization { "id": Text, "slug": Text, "name": Text, "plan": Text }
}

impl Api {
    /// Lists the organizations of the token's owner.
    pub(crate) async fn organizations(&self) -> Result<Vec<Organization>> {
        self.client
            .send(
                Request::get("/v1/organizations", &[])
                    .needs("organizations_read")
                    .cached(Noun::Organizations),
            )
            .await?
            .list()
    }

    /// One organization with its plan.
    pub(crate) async fn organization(&self, slug: &str) -> Result<Organization> {
        let request = Request::get("/v1/organizations/{}", &[slug])
            .needs("organization_admin_read")
            .cached(Noun::Organizations);
        let organization: Organization = self.client.send(request).await?.json()?;
        if organization.text("slug").is_some() {
            return Ok(organization);
        }
        // It is what was asked by.
        let mut object = organization.into_object();
        object.insert("slug".to_owned(), json!(slug));
        Ok(Organization::wrap(object))
    }
}
