//! What the commands read out of files.

use crate::api::{AttributeMapping, Metadata};
use crate::error::{Error, Result};
use crate::terminal;

/// The bytes of a file, or of standard input where it is `-`.
fn bytes(flag: &str, file: &str) -> Result<Vec<u8>> {
    let read = if file == "-" {
        terminal::read_stdin()
    } else {
        terminal::read_file(file)
    };
    read.map_err(|error| Error::file(format!("{flag} {file}"), error))
}

/// The metadata of an SSO provider.
pub(super) fn metadata(file: Option<&str>) -> Result<Option<Metadata>> {
    let Some(file) = file else { return Ok(None) };
    let flag = "--metadata-file";
    let read = Metadata::read(bytes(flag, file)?);
    read.map(Some)
        .map_err(|problem| Error::invalid(format!("{flag} {file}: {problem}")))
}

/// What becomes of its claims.
pub(super) fn mapping(file: Option<&str>) -> Result<Option<AttributeMapping>> {
    let Some(file) = file else { return Ok(None) };
    let flag = "--attribute-mapping";
    let read = AttributeMapping::read(&bytes(flag, file)?);
    read.map(Some)
        .map_err(|problem| Error::invalid(format!("{flag} {file}: {problem}")))
}
