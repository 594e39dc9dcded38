//! Where a Prisma command finds its connection strings: the config file (6 and 7), the schema and `.env` (5 and 6). PRISMA.md, D: ran on 6.19.3 and
//! 7.10.1; 5.22.0 knows no config file (its bundle holds no such name).

use super::schema_file::{self, Value};
use super::{ConnectionString, FoundUrl, FoundValue, Role, Search, env_file};
use crate::prisma_config::{self, ConfigFile, ConfigPath, ConfigValue};
use crate::system::{files, places};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Variables of a `.env` file, after expansion, and what the file is called.
type EnvFile = (String, BTreeMap<String, String>);

pub(super) fn find(search: &Search<'_>) -> Vec<FoundUrl> {
    let config_path = config(search);
    let config = config_path.as_ref().map(|path| match files::read_text(path, files::MAXIMUM_TEXT_BYTES) {
        Ok(text) => prisma_config::read(&text),
        Err(error) => ConfigFile::unreadable(&format!("the file cannot be read: {error}")),
    });
    let from_config = match (&config, &config_path) {
        (Some(config), Some(path)) => of_config(search, config, path),
        _ => Vec::new(),
    };
    if search.prisma_major >= 7 {
        return from_config;
    }
    let from_schema = of_schema(search, config.as_ref(), config_path.as_deref());
    let config_decides =
        from_config.iter().any(|found| found.role == Role::Url && !matches!(found.value, FoundValue::Unreadable(_)));
    if config_decides {
        // The config's url makes the schema's url and directUrl void; its shadow database stays.
        let shadow = from_schema.into_iter().filter(|found| found.role == Role::ShadowDatabaseUrl);
        return from_config.into_iter().chain(shadow).collect();
    }
    from_schema.into_iter().chain(from_config).collect()
}

/// The config file that Prisma takes, by the measured order of precedence.
fn config(search: &Search<'_>) -> Option<PathBuf> {
    if search.prisma_major <= 5 {
        return None;
    }
    match search.config {
        Some(path) => Some(search.working_folder.join(path)),
        None => prisma_config::find(search.working_folder, search.prisma_major),
    }
}

fn read_env(path: &Path, name: &str, search: &Search<'_>, expands: bool) -> Option<EnvFile> {
    let text = files::read_text(path, files::MAXIMUM_TEXT_BYTES).ok()?;
    let parsed = env_file::parse(&text);
    let variables = if expands { env_file::expand(&parsed, search.environment) } else { parsed };
    Some((name.to_owned(), variables))
}

/// A variable: the environment wins over the files, the first file over the next.
fn variable(name: &str, env_files: &[EnvFile], search: &Search<'_>) -> (String, FoundValue) {
    let given =
        |text: &str| if text.is_empty() { FoundValue::Missing } else { FoundValue::Given(ConnectionString::new(text)) };
    let in_files = env_files.iter().find_map(|(file, variables)| variables.get(name).map(|value| (file, value)));
    match (search.environment.get(name), in_files) {
        // Prisma's expansion has been done in the file's copy of the variable.
        (Some(text), None) => (format!("environment {name}"), given(text)),
        (Some(text), Some((_, expanded))) => {
            (format!("environment {name}"), given(if text.contains("${") { expanded } else { text }))
        }
        (None, Some((file, value))) => (format!("{file} {name}"), given(value)),
        (None, None) => (format!("environment {name}"), FoundValue::Missing),
    }
}

fn role(name: &str) -> Option<Role> {
    match name {
        "url" => Some(Role::Url),
        "directUrl" => Some(Role::DirectUrl),
        "shadowDatabaseUrl" => Some(Role::ShadowDatabaseUrl),
        _ => None,
    }
}

fn of_config(search: &Search<'_>, config: &ConfigFile, path: &Path) -> Vec<FoundUrl> {
    let folder = path.parent().unwrap_or(search.working_folder);
    let base = if search.config.is_some() { folder } else { search.working_folder };
    let file = path.strip_prefix(search.working_folder).unwrap_or(path).display().to_string();
    let env_files: Vec<EnvFile> = config
        .env_files
        .iter()
        .filter_map(|name| read_env(&search.working_folder.join(name), name, search, false))
        .collect();
    let mut all = Vec::new();
    for (name, value) in &config.urls {
        let Some(role) = role(name) else { continue };
        let mut found = FoundUrl {
            role,
            source: file.clone(),
            variable: None,
            value: FoundValue::InCustody,
            base: base.to_path_buf(),
        };
        match (value, &config.changes_environment) {
            (ConfigValue::Literal(text), _) if text.is_empty() => found.value = FoundValue::Missing,
            (ConfigValue::Literal(text), _) => found.value = FoundValue::Given(ConnectionString::new(text.as_str())),
            (ConfigValue::Variable(_), Some(why)) => found.value = FoundValue::Unreadable(why.clone()),
            (ConfigValue::Variable(name) | ConfigValue::CustodyOfVariable(name), None) => {
                (found.source, found.value) = variable(name, &env_files, search);
                found.variable = Some(name.clone());
            }
            (ConfigValue::CustodyOfVariable(name), Some(_)) => found.variable = Some(name.clone()),
            (ConfigValue::Custody, _) => {}
            (ConfigValue::Unreadable(why), _) => found.value = FoundValue::Unreadable(why.clone()),
        }
        all.push(found);
    }
    all
}

/// The nearest folder from the working folder upwards with a package.json.
fn package(working_folder: &Path) -> Option<&Path> {
    working_folder.ancestors().take(64).find(|folder| files::exists(&folder.join("package.json")))
}

/// Where the schema stands, or why that cannot be known.
fn schema_path(
    search: &Search<'_>,
    config: Option<&ConfigFile>,
    config_path: Option<&Path>,
) -> Result<Option<PathBuf>, String> {
    let folder = search.working_folder;
    if let Some(path) = search.schema {
        return Ok(Some(folder.join(path)));
    }
    match config.map(|config| &config.schema) {
        Some(ConfigPath::FromConfig(path)) => {
            let beside = config_path.and_then(Path::parent).unwrap_or(folder).join(path);
            return Ok(Some(if files::exists(&beside) { beside } else { folder.join(path) }));
        }
        Some(ConfigPath::FromWorkingFolder(path)) => return Ok(Some(folder.join(path))),
        Some(ConfigPath::Unreadable(why)) => return Err(why.clone()),
        Some(ConfigPath::Absent) | None => {}
    }
    let in_package = package(folder).and_then(|package| {
        let text = files::read_text(&package.join("package.json"), files::MAXIMUM_TEXT_BYTES).ok()?;
        let manifest: serde_json::Value = serde_json::from_str(&text).ok()?;
        manifest.get("prisma")?.get("schema")?.as_str().map(|path| package.join(path))
    });
    let usual =
        ["schema.prisma", "prisma/schema.prisma", "prisma/schema", "prisma"].into_iter().map(|name| folder.join(name));
    Ok(in_package.or_else(|| {
        usual
            .into_iter()
            .find(|path| places::is_file(path) || (places::is_folder(path) && !schema_files(path).is_empty()))
    }))
}

/// A schema file, or the `.prisma` files below a folder.
fn schema_files(path: &Path) -> Vec<PathBuf> {
    fn collect(folder: &Path, depth: u32, found: &mut Vec<PathBuf>) {
        for entry in places::entries(folder) {
            if places::is_folder(&entry) {
                if depth < 8 && found.len() < 1024 {
                    collect(&entry, depth + 1, found);
                }
            } else if entry.extension().is_some_and(|extension| extension == "prisma") {
                found.push(entry);
            }
        }
    }
    if !places::is_folder(path) {
        return vec![path.to_path_buf()];
    }
    let mut found = Vec::new();
    collect(path, 0, &mut found);
    found
}

fn of_schema(search: &Search<'_>, config: Option<&ConfigFile>, config_path: Option<&Path>) -> Vec<FoundUrl> {
    let schema = match schema_path(search, config, config_path) {
        Ok(Some(schema)) => schema,
        Ok(None) => return Vec::new(),
        Err(why) => {
            let source = config_path.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
            let (role, base) = (Role::Url, search.working_folder.to_path_buf());
            return vec![FoundUrl { role, source, variable: None, value: FoundValue::Unreadable(why), base }];
        }
    };
    let folder =
        if places::is_folder(&schema) { schema.as_path() } else { schema.parent().unwrap_or(search.working_folder) };
    let mut env_files: Vec<EnvFile> = Vec::new();
    match config {
        None => {
            let root = package(search.working_folder).unwrap_or(search.working_folder).join(".env");
            env_files.extend(read_env(&root, ".env", search, true));
            let beside =
                [folder.join(".env"), search.working_folder.join("prisma/.env"), search.working_folder.join(".env")];
            if let Some(path) = beside.iter().find(|path| places::is_file(path)) {
                let name = path.strip_prefix(search.working_folder).unwrap_or(path).display().to_string();
                env_files.extend(read_env(path, &name, search, true));
            }
        }
        Some(config) => {
            let read = |name: &String| read_env(&search.working_folder.join(name), name, search, false);
            env_files.extend(config.env_files.iter().filter_map(read));
        }
    }
    let mut all = Vec::new();
    for file in schema_files(&schema) {
        let source = file.strip_prefix(search.working_folder).unwrap_or(&file).display().to_string();
        let base = folder.to_path_buf();
        let text = match files::read_text(&file, files::MAXIMUM_TEXT_BYTES) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                let value = FoundValue::Unreadable(format!("the file cannot be read: {error}"));
                all.push(FoundUrl { role: Role::Url, source, variable: None, value, base });
                continue;
            }
        };
        for (name, value) in schema_file::datasource(&text) {
            let Some(role) = role(&name) else { continue };
            let mut found = FoundUrl {
                role,
                source: source.clone(),
                variable: None,
                value: FoundValue::Missing,
                base: base.clone(),
            };
            match (value, config.and_then(|config| config.changes_environment.clone())) {
                (Value::Literal(text), _) if text.is_empty() => {}
                (Value::Literal(text), _) => found.value = FoundValue::Given(ConnectionString::new(text)),
                (Value::Variable(_), Some(why)) => found.value = FoundValue::Unreadable(why),
                (Value::Variable(name), None) => {
                    (found.source, found.value) = variable(&name, &env_files, search);
                    found.variable = Some(name);
                }
                (Value::Other, _) => {
                    found.value = FoundValue::Unreadable("the value is neither a string nor env()".to_owned());
                }
            }
            all.push(found);
        }
    }
    all
}
