//! Any operation of the Management API, as `supactl api` sends it.

use super::Api;
use super::answer::Answer;
use super::request::Request;
use crate::error::Result;

impl Api {
    /// Sends a request that was put together by hand.
    pub(crate) async fn raw(&self, request: Request) -> Result<Answer> {
        self.client.send(request).await
    }
}
