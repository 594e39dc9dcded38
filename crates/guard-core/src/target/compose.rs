//! The names of the services in a project's compose, devcontainer and CI files.
//!
//! Reads YAML by its events and only for keys under `services:`; a service that is itself a forwarder does not count.

use crate::system::{files, places};
use saphyr_parser::{Event, Parser};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const MAXIMUM_BYTES: u64 = 1024 * 1024;

/// Words in a service's image or command that say that it leads elsewhere.
const LEADS_ELSEWHERE: &[&str] = &[
    "cloud-sql-proxy",
    "cloud_sql_proxy",
    "cloudsql",
    "alloydb-auth-proxy",
    "socat",
    "ssh",
    "stunnel",
    "cloudflared",
    "kubectl",
    "session-manager",
    "teleport",
    "tailscale",
    "boundary",
    "haproxy",
    "tunnel",
    "proxy",
    "forward",
];

/// Every such name, in lower case.
pub(super) fn services(root: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in [root.to_path_buf(), root.join(".devcontainer")]
        .iter()
        .map(PathBuf::as_path)
        .flat_map(places::entries)
        .filter(|path| is_compose(path))
    {
        collect(&file, &mut names);
    }
    for file in places::entries(&root.join(".github/workflows")).into_iter().filter(|path| is_yaml(path)).take(64) {
        collect(&file, &mut names);
    }
    names
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}

fn is_compose(path: &Path) -> bool {
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    is_yaml(path)
        && ["compose", "docker-compose"].iter().any(|start| {
            name == *start || name.starts_with(&format!("{start}.")) || name.starts_with(&format!("{start}-"))
        })
}

fn collect(file: &Path, names: &mut BTreeSet<String>) {
    if let Ok(text) = files::read_text(file, MAXIMUM_BYTES) {
        names.extend(read(&text));
    }
}

/// One open mapping or list: whether the next scalar is a key, and the key that was read last.
struct Level {
    is_mapping: bool,
    key: Option<String>,
}

fn read(text: &str) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut forwarding: BTreeSet<String> = BTreeSet::new();
    let mut levels: Vec<Level> = Vec::new();
    // The value of a key has ended: the next scalar is a key again.
    let value_ends = |levels: &mut Vec<Level>| {
        if let Some(level) = levels.last_mut() {
            level.key = None;
        }
    };
    for event in Parser::new_from_str(text) {
        let Ok((event, _)) = event else { return BTreeSet::new() };
        match event {
            Event::MappingStart(..) => levels.push(Level { is_mapping: true, key: None }),
            Event::SequenceStart(..) => levels.push(Level { is_mapping: false, key: None }),
            Event::MappingEnd | Event::SequenceEnd => {
                levels.pop();
                value_ends(&mut levels);
            }
            Event::Alias(_) => value_ends(&mut levels),
            Event::Scalar(value, ..) => {
                let service = service(&levels);
                match levels.last_mut() {
                    Some(level) if level.is_mapping && level.key.is_none() => {
                        level.key = Some(value.to_string());
                        let parent = levels.len().checked_sub(2).and_then(|at| levels.get(at));
                        if service.is_none() && parent.is_some_and(|parent| parent.key.as_deref() == Some("services")) {
                            found.insert(value.to_lowercase());
                        }
                    }
                    _ => {
                        let value = value.to_lowercase();
                        if let Some(service) =
                            service.filter(|_| LEADS_ELSEWHERE.iter().any(|word| value.contains(word)))
                        {
                            forwarding.insert(service);
                        }
                        value_ends(&mut levels);
                    }
                }
            }
            _ => {}
        }
    }
    &found - &forwarding
}

/// The service that these open levels stand in.
fn service(levels: &[Level]) -> Option<String> {
    levels.windows(2).find_map(|pair| match pair {
        [outer, inner] if outer.key.as_deref() == Some("services") && inner.is_mapping => {
            inner.key.as_ref().map(|key| key.to_lowercase())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_keys_under_services_are_the_names_and_nothing_else_is() {
        let text = "services:\n  db:\n    image: postgres:16\n    environment: { services: x, other: y }\n  \"Cache\": { image: redis }\nvolumes:\n  data: {}\n";
        assert_eq!(read(text).into_iter().collect::<Vec<_>>(), ["cache", "db"]);
        let workflow = "jobs:\n  test:\n    services:\n      postgres:\n        image: postgres\n    steps:\n      - run: echo services\n";
        assert_eq!(read(workflow).into_iter().collect::<Vec<_>>(), ["postgres"]);
        assert!(read("services: [db]\n").is_empty());
        assert!(read("services:\n  db: [\n").is_empty());
    }

    #[test]
    fn a_service_that_leads_elsewhere_is_not_local() {
        assert!(read("services:\n  db:\n    image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2\n").is_empty());
        assert!(read("services:\n  db:\n    image: alpine\n    command: [\"socat\", \"TCP-LISTEN:5432\", \"TCP:prod:5432\"]\n").is_empty());
    }
}
