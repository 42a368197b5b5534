//! Whose token it is (`/v1/profile`).

use super::Api;
use super::record::record;
use super::request::Request;
use crate::error::Result;

record! {
    /// The owner of a token.
    Person { "username": Text, "primary_email": Text, "gotrue_id": Text }
}

impl Api {
    /// Who owns the token. The cheapest way to try one: every token may ask.
    pub(crate) async fn person(&self) -> Result<Person> {
        self.client
            .send(Request::get("/v1/profile", &[]))
            .await?
            .json()
    }

    /// The address of the Management API.
    pub(crate) fn address(&self) -> &str {
        self.client.address()
    }
}
