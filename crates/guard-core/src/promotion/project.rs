//! What is being promoted: the schema and the migrations folder of a project, as its Prisma configuration names them.
//!
//! Reads `schema` and `migrations.path` of `prisma.config.*` without running it. Knows nothing of connection strings (`target`
//! does) and nothing of what the migrations hold (`plan` does).

use crate::prisma_config::{self, ConfigFile, ConfigPath};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::files::{self, MAXIMUM_TEXT_BYTES};
use std::path::{Path, PathBuf};

/// Where a project's schema and migrations stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The schema: a file, or a folder of `.prisma` files.
    pub schema: PathBuf,
    /// The folder of migrations.
    pub migrations: PathBuf,
    /// The configuration file, where there is one.
    pub config: Option<PathBuf>,
}

impl Project {
    /// Finds the schema and the migrations of the project in `folder`, as a Prisma CLI of this major version would.
    ///
    /// # Errors
    /// Rule `migrations-invalid` where the configuration cannot be read, computes a path in a way that cannot be read without running
    /// it, or the schema or the folder of migrations is not there.
    pub fn find(folder: &Path, prisma_major: u32) -> Result<Self, Refusal> {
        let config = prisma_config::find(folder, prisma_major);
        let named = match &config {
            Some(config) => read_config(config)?,
            None => ConfigFile::default(),
        };
        let beside = config.as_deref().map_or_else(|| folder.to_path_buf(), parent);
        let place = |path: ConfigPath| match path {
            ConfigPath::Absent => Ok(None),
            ConfigPath::FromConfig(path) => Ok(Some(beside.join(path))),
            ConfigPath::FromWorkingFolder(path) => Ok(Some(folder.join(path))),
            ConfigPath::Unreadable(why) => Err(unreadable(config.as_deref().unwrap_or(folder), why)),
        };
        let (schema, migrations) = (place(named.schema)?, place(named.migrations)?);
        let schema = match schema {
            Some(schema) => schema,
            None => default_schema(folder, prisma_major)?,
        };
        if !files::exists(&schema) {
            return Err(missing("schema", folder, &schema));
        }
        let beside_schema = if schema.is_dir() { schema.clone() } else { parent(&schema) };
        let migrations = migrations.unwrap_or_else(|| beside_schema.join("migrations"));
        if !migrations.is_dir() {
            return Err(missing("folder of migrations", folder, &migrations));
        }
        Ok(Project { schema, migrations, config })
    }
}

fn missing(what: &str, folder: &Path, path: &Path) -> Refusal {
    let shown = path.strip_prefix(folder).unwrap_or(path).display().to_string();
    Refusal::new(Rule::MigrationsInvalid, format!("the {what} is missing"), format!("there is none at {shown}"))
        .about("file", shown, "")
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

fn default_schema(folder: &Path, prisma_major: u32) -> Result<PathBuf, Refusal> {
    // Prisma 5 and 6 also take package.json#prisma.schema.
    if prisma_major <= 6
        && let Ok(text) = files::read_text(&folder.join("package.json"), MAXIMUM_TEXT_BYTES)
        && let Ok(package) = serde_json::from_str::<serde_json::Value>(&text)
        && let Some(schema) = package.pointer("/prisma/schema").and_then(serde_json::Value::as_str)
    {
        return Ok(folder.join(schema));
    }
    let candidates = [folder.join("schema.prisma"), folder.join("prisma/schema.prisma"), folder.join("prisma/schema")];
    candidates.iter().find(|candidate| files::exists(candidate)).cloned().ok_or_else(|| {
        Refusal::new(
            Rule::MigrationsInvalid,
            "the Prisma schema is missing",
            "neither prisma.config, nor schema.prisma, nor prisma/schema.prisma names one",
        )
        .about("file", "prisma/schema.prisma", "")
    })
}

fn read_config(path: &Path) -> Result<ConfigFile, Refusal> {
    let text =
        files::read_text(path, MAXIMUM_TEXT_BYTES).map_err(|error| unreadable(path, format!("it says: {error}")))?;
    Ok(prisma_config::read(&text))
}

fn unreadable(path: &Path, why: String) -> Refusal {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Refusal::new(Rule::MigrationsInvalid, "the Prisma configuration cannot be read", why).about("file", name, "")
}

#[cfg(test)]
mod tests {
    use super::Project;
    use crate::rule::Rule;
    use std::path::Path;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            #[expect(clippy::disallowed_methods, reason = "a fixture")]
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn found(folder: &Path) -> (String, String) {
        let project = Project::find(folder, 7).unwrap();
        let show = |path: &Path| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        (show(&project.schema), show(&project.migrations))
    }

    #[test]
    fn the_defaults_are_those_of_prisma() {
        let folder = project(&[("prisma/schema.prisma", ""), ("prisma/migrations/migration_lock.toml", "")]);
        assert_eq!(found(folder.path()), ("prisma/schema.prisma".into(), "prisma/migrations".into()));
    }

    #[test]
    fn a_configuration_names_both() {
        for (name, text) in [
            (
                "prisma.config.ts",
                "export default { schema: `db/s.prisma`, migrations: { path: 'db/m' } } satisfies PrismaConfig",
            ),
            (
                "prisma.config.ts",
                "import { defineConfig } from 'prisma/config'; export default defineConfig({ schema: 'gone', schema: 'db/s.prisma', migrations: { path: 'db/m', seed: x() } })",
            ),
            (
                ".config/prisma.ts",
                "export default { schema: path.resolve('db/s.prisma'), migrations: { path: '../db/m' } }",
            ),
        ] {
            let folder = project(&[(name, text), ("db/s.prisma", ""), ("db/m/x", "")]);
            let (schema, migrations) = found(folder.path());
            assert_eq!(
                (schema.as_str(), migrations.replace(".config/../", "").as_str()),
                ("db/s.prisma", "db/m"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_shadowing_configuration_is_the_one_that_counts() {
        let folder = project(&[
            (".config/prisma7.config.ts", "export default { schema: '../other.prisma', migrations: { path: '../m' } }"),
            ("prisma.config.ts", "export default { schema: 'a.prisma' }"),
            ("other.prisma", ""),
            ("m/x", ""),
        ]);
        assert_eq!(found(folder.path()), (".config/../other.prisma".into(), ".config/../m".into()));
    }

    #[test]
    fn what_is_computed_broken_or_missing_is_one_clear_refusal() {
        for (files, words) in [
            (vec![("prisma.config.ts", "export default { schema: process.env.S }")], "`schema` is computed"),
            (vec![("prisma.config.ts", "export default { migrations: m() }")], "`migrations` is computed"),
            (vec![("prisma.config.ts", "export default defineConfig(")], "a syntax error"),
            (vec![("prisma.config.ts", "console.log(1)")], "exports no configuration"),
            (vec![("prisma.config.ts", "export default { schema: 'a', ...more }")], "spread"),
            (
                vec![("prisma.config.ts", "const a = join(a, 'b'); export default { schema: a }")],
                "`schema` is computed",
            ),
            (vec![("prisma.config.ts", "export default { schema: 'gone.prisma' }")], "gone.prisma"),
            (vec![("prisma/schema.prisma", "")], "prisma/migrations"),
            (vec![], "neither prisma.config"),
        ] {
            let folder = project(&files);
            let refusal = Project::find(folder.path(), 7).unwrap_err();
            assert_eq!(refusal.rule, Rule::MigrationsInvalid);
            assert!(refusal.to_string().contains(words), "{refusal}");
        }
    }
}
