//! The Prisma CLI: found in the project, its command line read as that version reads it, its doors shut, and run approved.
//!
//! Knows nothing of policy and targets: `gate` decides.

pub mod approval;
mod arguments;
pub mod command_line;
mod display;
pub mod doors;
pub mod execute;

use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::files;
use std::path::{Path, PathBuf};

/// A copy of the Prisma CLI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Its version, `7.10.1`.
    pub version: String,
    /// Its major version.
    pub major: u32,
    /// The package's folder, links followed.
    pub package: PathBuf,
    /// The file that Node runs: `build/index.js`.
    pub entry: PathBuf,
}

/// What is read of Prisma's package.json.
#[derive(serde::Deserialize)]
struct Manifest {
    name: String,
    version: String,
}

/// The copy that belongs to a project, as Node resolves `prisma/package.json` from its folder upwards.
///
/// # Errors
/// Rule `prisma-not-found` where there is none or its package.json cannot be read.
pub fn find(project: &Path) -> Result<Installation, Refusal> {
    let summary = "the project's Prisma CLI cannot be used";
    let absolute = std::path::absolute(project).unwrap_or_else(|_| project.to_path_buf());
    let folder = absolute
        .ancestors()
        .filter(|folder| folder.file_name().is_none_or(|name| name != "node_modules"))
        .map(|folder| folder.join("node_modules").join("prisma"))
        .find(|package| files::exists(&package.join("package.json")));
    let Some(folder) = folder else {
        let plug_and_play = absolute.ancestors().any(|folder| files::exists(&folder.join(".pnp.cjs")));
        let why = if plug_and_play {
            format!("{} uses Yarn Plug'n'Play, where Prisma is inside an archive", absolute.display())
        } else {
            format!("no node_modules/prisma from {} upwards", absolute.display())
        };
        return Err(Refusal::new(Rule::PrismaNotFound, summary, why));
    };
    let package = files::real_path(&folder);
    let file = package.join("package.json");
    let refuse = |why: String| Refusal::new(Rule::PrismaNotFound, summary, why);
    let text = files::read_text(&file, files::MAXIMUM_TEXT_BYTES)
        .map_err(|error| refuse(format!("{} cannot be read: {error}", file.display())))?;
    let manifest: Manifest = serde_json::from_str(&text)
        .map_err(|error| refuse(format!("{} is not a package.json: {error}", file.display())))?;
    if manifest.name != "prisma" {
        return Err(refuse(format!("{} belongs to another package than prisma", file.display())));
    }
    let major = manifest.version.split('.').next().and_then(|part| part.parse().ok());
    let Some(major) = major else {
        return Err(refuse(format!("the version in {} is not a version", file.display())));
    };
    let entry = package.join("build").join("index.js");
    if !files::exists(&entry) {
        return Err(refuse(format!("{} is not there", entry.display())));
    }
    Ok(Installation { version: manifest.version, major, package, entry })
}

/// The major version of the Prisma CLI whose package stands in this folder; `None` where it is another package. Prisma publishes its CLI as
/// `prisma`, and since 7.10 as `@prisma/prisma7` too (ran on 7.10.1). A version that cannot be read counts as one that is not known.
#[must_use]
pub fn cli_package(folder: &Path) -> Option<u32> {
    let text = files::read_text(&folder.join("package.json"), files::MAXIMUM_TEXT_BYTES).ok()?;
    let manifest: Manifest = serde_json::from_str(&text).ok()?;
    let is_cli = manifest.name == "prisma" || manifest.name.strip_prefix("@prisma/prisma").is_some();
    is_cli.then(|| manifest.version.split('.').next().and_then(|part| part.parse().ok()).unwrap_or(u32::MAX))
}
