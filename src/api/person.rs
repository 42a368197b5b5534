//! Whose token it is (`/v1/profile`).

use super::Api;
use super::record::record;
use super::request::Request;
use crate::error::Result;

record! {
    /// The owner of a token.
    Person { "username": Text, "primary_email": Text, "gotrue_id": Text }
}

/// What an answer told of the service.
pub(crate) struct Probe {
    pub(crate) person: Person,
    /// The service's clock.
    pub(crate) server_time: Option<jiff::Timestamp>,
}

impl Api {
    /// Who owns the token. The cheapest way to try one: every token may ask.
    pub(crate) async fn person(&self) -> Result<Person> {
        self.client
            .send(Request::get("/v1/profile", &[]))
            .await?
            .json()
    }

    /// Asks the cheapest question anew, for what the answer tells beside it.
    pub(crate) async fn probe(&self) -> Result<Probe> {
        let answer = self.client.send(Request::get("/v1/profile", &[])).await?;
        let date = answer
            .headers()
            .find(|(name, _)| *name == "date")
            .map(|(_, value)| value);
        let server_time =
            date.and_then(|date| Some(jiff::fmt::rfc2822::parse(&date).ok()?.timestamp()));
        Ok(Probe {
            person: answer.json()?,
            server_time,
        })
    }

    /// The address of the Management API.
    pub(crate) fn address(&self) -> &str {
        self.client.address()
    }
}
