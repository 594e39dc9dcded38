//! What is provably local: loopback without a forwarder, a unix socket that is no forwarder's, a file inside the project, a service of its compose
//! files. Knows nothing of the policy.

use super::classify::{Reading, Verdict, name};
use super::{Class, Endpoint, Provider, Surroundings, compose};
use crate::policy::host;
use crate::system::{files, listeners};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// Programs that listen here and lead elsewhere.
const FORWARDERS: &[&str] = &[
    "ssh",
    "autossh",
    "sshuttle",
    "kubectl",
    "oc",
    "cloud_sql_proxy",
    "cloud-sql-proxy",
    "cloudsql-proxy",
    "alloydb-auth-proxy",
    "socat",
    "stunnel",
    "stunnel4",
    "gcloud",
    "gcloud.py",
    "session-manager-plugin",
    "aws",
    "tsh",
    "teleport",
    "boundary",
    "fly",
    "flyctl",
    "railway",
    "pscale",
    "cloudflared",
    "ngrok",
    "tailscale",
    "tailscaled",
    "kubefwd",
    "telepresence",
    "k9s",
    "chisel",
    "frpc",
    "gost",
    "az",
    "plink",
    "hoop",
    "sdm",
];

/// Whether a program is a known forwarder: by its kernel name, its file, or the first words of its command (an interpreter's script).
fn forwarder(words: &[String]) -> Option<&str> {
    words.iter().take(5).find_map(|word| {
        // A process may write a title over its words, as ssh's multiplexer does: `ssh: /tmp/socket [mux]`.
        let program = word.split(": ").next().unwrap_or(word);
        let base = program.rsplit(['/', '\\']).next().unwrap_or(program).split([' ', ':']).next().unwrap_or_default();
        let base = base.strip_suffix(".exe").unwrap_or(base);
        // The kernel's names end after 15 bytes (proc_pid_comm(5)).
        FORWARDERS.iter().copied().find(|known| *known == base || (base.len() == 15 && known.starts_with(base)))
    })
}

/// Programs that run other programs' scripts: of these the kernel's short name says nothing.
const INTERPRETERS: &[&str] =
    &["python", "node", "java", "ruby", "perl", "bash", "dash", "sh", "zsh", "busybox", "deno", "bun"];

/// Whether a process of this short name can be a known forwarder at all, so that most processes are not looked at any further. A title that a
/// process gave itself is no short name that we know, and is looked at.
fn may_be_forwarder(short_name: &str) -> bool {
    let plain =
        short_name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte));
    !plain
        || forwarder(&[short_name.to_owned()]).is_some()
        || INTERPRETERS.iter().any(|interpreter| short_name.starts_with(interpreter))
}

/// What is known of this machine and project, looked up once for a connection string.
pub(super) struct Locality<'a> {
    surroundings: &'a Surroundings<'a>,
    ports: BTreeMap<u16, Option<String>>,
    services: Option<BTreeSet<String>>,
    root: Option<PathBuf>,
}

impl<'a> Locality<'a> {
    pub(super) fn new(surroundings: &'a Surroundings<'a>) -> Self {
        Locality { surroundings, ports: BTreeMap::new(), services: None, root: None }
    }

    pub(super) fn verdict(&mut self, endpoint: &Endpoint, reading: &Reading) -> Verdict {
        match (&endpoint.host, &endpoint.socket, &endpoint.database) {
            (Some(host), _, _) => self.host(host, endpoint),
            (None, Some(socket), _) => Self::socket(socket, endpoint),
            (None, None, Some(file)) if reading.provider == Provider::Sqlite => self.file(file),
            _ => Verdict::plain(Class::Unknown, "nothing says where the database is"),
        }
    }

    fn host(&mut self, host: &str, endpoint: &Endpoint) -> Verdict {
        if host::is_loopback(host) {
            let port = endpoint.port.unwrap_or_default();
            let forwarder = self.ports.entry(port).or_insert_with(|| {
                listeners::tcp(port, may_be_forwarder).iter().find_map(|words| forwarder(words).map(str::to_owned))
            });
            return match forwarder {
                Some(program) => Verdict::plain(
                    Class::Unknown,
                    format!("{program} listens on port {port} of this machine and leads elsewhere"),
                ),
                None => Verdict::plain(
                    Class::Local,
                    format!("{host} is this machine, and no known forwarder listens on port {port}"),
                ),
            };
        }
        if !host.contains(['.', ':']) && self.services().contains(host) {
            return match self.surroundings.environment.non_empty("KUBERNETES_SERVICE_HOST") {
                None => Verdict::plain(
                    Class::Local,
                    format!("{host} is a service in the project's compose, devcontainer or CI files"),
                ),
                Some(_) => Verdict::plain(
                    Class::Unknown,
                    format!("{host} is a name of the Kubernetes cluster that this process runs in"),
                ),
            };
        }
        let why = match self.surroundings.policy {
            Some(_) => format!("{} is neither local nor declared in prisma-guard.json", name(endpoint)),
            None => format!("{} is not local, and no prisma-guard.json declares it", name(endpoint)),
        };
        Verdict::plain(Class::Unknown, why)
    }

    fn services(&mut self) -> &BTreeSet<String> {
        let root = self.surroundings.root;
        self.services.get_or_insert_with(|| compose::services(root))
    }

    fn socket(socket: &str, endpoint: &Endpoint) -> Verdict {
        if !socket.starts_with('/') {
            return Verdict::plain(Class::Unknown, format!("{socket} is no path of a socket"));
        }
        let real = files::real_path(Path::new(socket));
        let is_proxy = |path: &Path| path.components().any(|part| part == Component::Normal("cloudsql".as_ref()));
        if is_proxy(&real) || is_proxy(Path::new(socket)) {
            return Verdict::plain(
                Class::Unknown,
                format!("{socket} belongs to the Cloud SQL proxy, which leads elsewhere"),
            );
        }
        let mut paths = vec![real.clone()];
        paths.extend(endpoint.port.map(|port| real.join(format!(".s.PGSQL.{port}"))));
        let program = paths
            .iter()
            .flat_map(|path| listeners::unix(path, may_be_forwarder))
            .find_map(|words| forwarder(&words).map(str::to_owned));
        match program {
            Some(program) => {
                Verdict::plain(Class::Unknown, format!("{program} listens on {socket} and leads elsewhere"))
            }
            None => Verdict::plain(Class::Local, format!("{socket} is a unix socket of this machine")),
        }
    }

    fn file(&mut self, file: &str) -> Verdict {
        let root = self.root.get_or_insert_with(|| files::real_path(self.surroundings.root));
        // The path had its links followed when the string was read.
        let real = Path::new(file);
        if root.parent().is_some() && real.starts_with(&*root) && real != *root {
            return Verdict::plain(Class::Local, "the file is inside the project");
        }
        let why = format!("{file} is outside the project and not declared in prisma-guard.json");
        Verdict::plain(Class::Unknown, why)
    }
}

#[cfg(test)]
mod tests {
    use super::forwarder;

    #[test]
    fn a_forwarder_is_known_by_its_program_and_not_by_a_word_that_holds_its_name() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for known in [
            &["ssh", "/usr/bin/ssh"][..],
            &["session-manager", "x"],
            &["python3", "/usr/bin/python3", "python3", "/opt/gcloud.py"],
            &["ssh: /tmp/m [mux]"],
            &["cloud-sql-proxy"],
        ] {
            assert!(forwarder(&words(known)).is_some(), "{known:?}");
        }
        for other in [
            &["postgres"][..],
            &["sshd"],
            &["node", "server.js"],
            &["docker-proxy"],
            &["mysqld", "/usr/sbin/mysqld", "--user=aws-x"],
        ] {
            assert!(forwarder(&words(other)).is_none(), "{other:?}");
        }
    }
}
