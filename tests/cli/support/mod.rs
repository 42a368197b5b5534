//! A conversation between the real program and a service that is not there.

mod fake;
mod faulty;
mod person;
mod postgres;
mod receiver;
mod screen;
mod streaming;
mod tls;
mod world;

pub(crate) use fake::{FakeSupabase, Said};
pub(crate) use faulty::Faulty;
pub(crate) use postgres::postgres;
pub(crate) use receiver::Receiver;
pub(crate) use screen::Screen;
pub(crate) use streaming::Streaming;
pub(crate) use tls::TlsService;
pub(crate) use world::{Run, World};

/// The project that most tests work on.
pub(crate) const REF: &str = "abcdefghijklmnopqrst";

/// The person's token. It must never be seen in any output, which every `Screen` checks.
pub(crate) const TOKEN: &str = "sbp_0123456789abcdef0123456789abcdef01234567";

/// The new kind of secret key that `answers/keys.json` reveals.
pub(crate) const SECRET_KEY: &str = "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz";

/// The old kind, as `answers/keys-legacy.json` reveals it.
pub(crate) const LEGACY_KEY: &str =
    "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJlLW9mLXRoZS1rZXk";

/// A key that a person gives by hand.
pub(crate) const GIVEN_KEY: &str = "sb_secret_given-by-hand-0123456789abcdef";

/// A secret that a person sets, of a provider or the like.
pub(crate) const GIVEN_SECRET: &str = "given-by-hand-and-never-told-again";

/// What the service tells of a secret: as good as the secret, should it ever be sent back.
pub(crate) const DIGEST: &str = "5d2fa0e1c9b84736215d2fa0e1c9b84736215d2fa0e1c9b84736215d2fa0e1c9";

/// What no run may ever show.
pub(crate) const SECRETS: [&str; 6] = [
    TOKEN,
    SECRET_KEY,
    LEGACY_KEY,
    GIVEN_KEY,
    GIVEN_SECRET,
    DIGEST,
];

/// The buckets of the project's Storage API.
pub(crate) const BUCKETS: &str = "/storage/v1/bucket";

/// The bucket that most tests work on.
pub(crate) const AVATARS: &str = "/storage/v1/bucket/avatars";

/// The keys of the project.
pub(crate) const KEYS: &str = "/v1/projects/abcdefghijklmnopqrst/api-keys";

/// Where the catalog is asked for policies.
pub(crate) const POLICIES: &str = "/v1/projects/abcdefghijklmnopqrst/database/query/read-only";

/// The project itself.
pub(crate) const PROJECT: &str = "/v1/projects/abcdefghijklmnopqrst";
