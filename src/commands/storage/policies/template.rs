//! Policies that most buckets need, by a name.

use clap::ValueEnum;

use crate::api::PolicyCommand::{self, Delete, Insert, Select, Update};

/// A set of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Template {
    /// Everybody may read and list
    PublicRead,
    /// Whoever is signed in may upload
    AuthenticatedUpload,
    /// Whoever is signed in has a folder named by their id
    OwnFolder,
    /// Whoever uploaded a file may read, change and delete it
    OwnerOnly,
}

impl Template {
    /// The role that the policies are for, the commands, and what must hold besides the bucket.
    pub(super) fn parts(self) -> (&'static str, &'static [PolicyCommand], Option<&'static str>) {
        match self {
            Self::PublicRead => ("public", &[Select], None),
            Self::AuthenticatedUpload => ("authenticated", &[Insert], None),
            Self::OwnFolder => (
                "authenticated",
                &[Select, Insert, Update, Delete],
                Some("(select auth.uid()::text) = (storage.foldername(name))[1]"),
            ),
            Self::OwnerOnly => (
                "authenticated",
                &[Select, Update, Delete],
                Some("owner_id = (select auth.uid()::text)"),
            ),
        }
    }
}
