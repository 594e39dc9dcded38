//! Where a client of Prisma 5 and 6, or a program with dotenv, finds `DATABASE_URL`.

use super::{ConnectionString, FoundUrl, FoundValue, Role, env_file};
use crate::system::environment::Environment;
use crate::system::files;
use std::path::Path;

const NAME: &str = "DATABASE_URL";

/// The environment, else the `.env` files from the working folder up to the nearest package, else `prisma/.env` there.
pub(super) fn find(working_folder: &Path, environment: &Environment) -> Option<FoundUrl> {
    let found = |source: &str, text: &str| {
        let value = if text.is_empty() { FoundValue::Missing } else { FoundValue::Given(ConnectionString::new(text)) };
        let (source, variable) = (format!("{source} {NAME}"), Some(NAME.to_owned()));
        Some(FoundUrl { role: Role::Url, source, variable, value, base: working_folder.to_path_buf() })
    };
    let in_environment = environment.get(NAME);
    for folder in working_folder.ancestors().take(64) {
        let is_package = files::exists(&folder.join("package.json"));
        for name in [".env", "prisma/.env"].into_iter().take(if is_package || folder == working_folder { 2 } else { 1 })
        {
            let Ok(text) = files::read_text(&folder.join(name), files::MAXIMUM_TEXT_BYTES) else { continue };
            let variables = env_file::expand(&env_file::parse(&text), environment);
            if let Some(value) = variables.get(NAME) {
                // Prisma expands `${…}` in the environment's own value too, where the file names the variable.
                return found(if in_environment.is_some() { "environment" } else { name }, value);
            }
        }
        if is_package {
            break;
        }
    }
    found("environment", in_environment?)
}
