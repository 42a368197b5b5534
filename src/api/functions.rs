//! Edge functions (`/v1/projects/{ref}/functions`).

use super::Api;
use super::cache::Noun;
use super::ids::ProjectRef;
use super::record::record;
use super::request::Request;
use crate::error::Result;

record! {
    /// An edge function.
    Function {
        "slug": Text,
        "name": Text,
        "status": Text,
        "version": Integer,
        "id": Text,
    }
}

impl Api {
    /// Lists the functions of a project.
    pub(crate) async fn functions(&self, project: &ProjectRef) -> Result<Vec<Function>> {
        let request = Request::get("/v1/projects/{}/functions", &[project.as_str()])
            .needs("edge_functions_read")
            .kept(Noun::Functions);
        self.client.send(request).await?.list()
    }
}
