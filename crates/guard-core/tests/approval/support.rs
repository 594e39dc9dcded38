//! A project with a production database, a policy and the real deployment lock, and how an attack on it is run and judged.

use crate::parts;
use guard_core::ci::{Attestation, Attestor, GeneratedKey, SIGNING_KEY_VARIABLE, generate_key};
use guard_core::gate::{self, Request};
use guard_core::policy;
use guard_core::prisma::approval::{Approval, ApprovedCommand, VARIABLE};
use guard_core::state::{DeploymentLock, Store};
use guard_core::system::environment::Environment;
use guard_core::system::process::{self, ProcessIdentity};
use guard_core::target;
use std::cell::RefCell;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// In every connection string here: seen in an output, it leaked.
pub(crate) const PASSWORD: &str = "planted-hunter2";
pub(crate) const CHAIN: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const DEPLOY: &[&str] = &["migrate", "deploy"];
/// The file that the stand-in for Prisma writes once every door let it through.
pub(crate) const REACHED: &str = "prisma-was-reached";

/// The two production databases of the policy, one of staging, and one that was declared harmless.
pub(crate) const SHOP: &str = "db.prod.example.com:5432/shop";
pub(crate) const OTHER: &str = "other.prod.example.com:5432/shop";
pub(crate) const STAGING: &str = "db.staging.example.com:5432/shop";
pub(crate) const HARMLESS: &str = "dev.example.com:5432/shop";

pub(crate) fn url(place: &str) -> String {
    format!("postgresql://deployer:{PASSWORD}@{place}")
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Waits until something is so, for at most a minute.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How an attack ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
}

/// Waits for the end of a process whose output is captured.
pub(crate) fn ended(mut child: Child) -> Ended {
    until("the process ends", || child.try_wait().unwrap().is_some());
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    Ended { code: output.status.code(), output: String::from_utf8_lossy(&text).into_owned() }
}

/// This process, as the lock and an approval name it.
pub(crate) fn this_process() -> ProcessIdentity {
    process::current().unwrap().identity
}

pub(crate) struct Project {
    folder: tempfile::TempDir,
    pub(crate) store: Store,
    production: GeneratedKey,
    staging: GeneratedKey,
    /// Signatures that were made: each is as good as an approval while its holder lives, so none may be shown.
    signatures: RefCell<Vec<String>>,
}

impl Project {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (production, staging) = (generate_key().unwrap(), generate_key().unwrap());
        let project = Project {
            store: Store::open(folder.path()).unwrap(),
            folder,
            production,
            staging,
            signatures: RefCell::default(),
        };
        let trusts = |key: &GeneratedKey| serde_json::json!({ "kind": "key", "publicKey": key.public });
        let policy = serde_json::json!({
            "environments": {
                "production": {
                    "databases": ["db.prod.example.com", "other.prod.example.com"],
                    "attestation": trusts(&project.production),
                },
                "staging": { "databases": ["db.staging.example.com"], "attestation": trusts(&project.staging) },
            },
            "nonProduction": { "databases": ["dev.example.com"] },
        });
        project.write(policy::FILE_NAME, &policy.to_string());
        project.write("package.json", "{}");
        project.write("prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n");
        project.configure("url: databaseUrl('DATABASE_URL')");
        project.write("node_modules/prisma/package.json", r#"{ "name": "prisma", "version": "7.10.1" }"#);
        project.write("node_modules/prisma/build/index.js", &parts::cli_script());
        project
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let file = self.root().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Writes `prisma.config.ts` with this datasource.
    pub(crate) fn configure(&self, datasource: &str) {
        let imports = "import { databaseUrl } from '@org/prisma-guard/config'\nimport { defineConfig, env } from 'prisma/config'\n";
        self.write(
            "prisma.config.ts",
            &format!("{imports}export default defineConfig({{ datasource: {{ {datasource} }} }})\n"),
        );
    }

    /// The file that an approved deployment runs.
    pub(crate) fn entry(&self) -> PathBuf {
        self.root().join("node_modules/prisma/build/index.js")
    }

    /// The lock, held by this process.
    pub(crate) fn lock(&self) -> DeploymentLock {
        DeploymentLock::acquire(&self.store, CHAIN).unwrap()
    }

    /// The secret half of the key that the policy trusts for production.
    pub(crate) fn signing_key(&self) -> &str {
        &self.production.secret
    }

    /// What an honest holder approves: this command line on the database of the shop.
    pub(crate) fn command(&self, arguments: &[&str]) -> ApprovedCommand {
        self.command_on(arguments, SHOP)
    }

    pub(crate) fn command_on(&self, arguments: &[&str], place: &str) -> ApprovedCommand {
        let environment: Environment = [("DATABASE_URL", url(place))].into_iter().collect();
        let arguments = words(arguments);
        let (_, targets) = gate::targets(&Request {
            arguments: &arguments,
            working_folder: self.root(),
            environment: &environment,
            prisma_major: 7,
            package_folder: None,
        })
        .unwrap();
        ApprovedCommand {
            arguments,
            targets: target::endpoints_identity(&targets),
            environment: "production".to_owned(),
            chain: CHAIN.to_owned(),
            holder: this_process(),
            nonce: "f".repeat(32),
        }
    }

    /// Signed as the CI of production signs.
    pub(crate) fn signed(&self, command: ApprovedCommand) -> Approval {
        self.signed_for("production", &self.production, command)
    }

    /// Signed as the CI of staging signs.
    pub(crate) fn signed_by_staging(&self, command: ApprovedCommand) -> Approval {
        self.signed_for("staging", &self.staging, command)
    }

    fn signed_for(&self, environment: &str, key: &GeneratedKey, command: ApprovedCommand) -> Approval {
        let loaded = policy::load(self.root()).unwrap().unwrap();
        let trusted = &loaded.policy.environments[environment].attestation;
        let variables: Environment = [(SIGNING_KEY_VARIABLE, key.secret.clone())].into_iter().collect();
        let attestor = Attestor::new(trusted, &variables, &[], false);
        let (attestation, _) = attestor.attest(&command.digest().unwrap()).unwrap();
        if let Attestation::Key { signature } = &attestation {
            self.signatures.borrow_mut().push(signature.clone());
        }
        Approval { command, attestation }
    }

    /// The honest holder's message for this command line.
    pub(crate) fn message(&self, arguments: &[&str]) -> Vec<u8> {
        line(&self.signed(self.command(arguments)))
    }

    /// The CLI's own file, started with every variable of an approved deployment; its standard input is yet to be given.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("/bin/sh");
        command.arg(self.entry()).args(arguments);
        self.dress(&mut command, SHOP);
        command
    }

    /// The same as the grandchild of who starts it.
    pub(crate) fn cli_of_another(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("/bin/sh");
        // Without the second command the shell would become the first instead of starting it.
        command.args(["-c", "/bin/sh \"$@\"; exit $?", "sh"]).arg(self.entry()).args(arguments);
        self.dress(&mut command, SHOP);
        command
    }

    /// Gives a program the folder and the variables of an approved deployment to this database, and captures its output.
    pub(crate) fn dress(&self, command: &mut Command, place: &str) {
        command.current_dir(self.root()).env_clear().stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("CI", "true"), (VARIABLE, "true")]);
        command.env("DATABASE_URL", url(place));
    }

    pub(crate) fn was_reached(&self) -> bool {
        self.root().join(REACHED).exists()
    }

    /// What no output may hold.
    pub(crate) fn shows_no_secret(&self, output: &str) {
        let signatures = self.signatures.borrow();
        let keys = [&self.production.secret, &self.staging.secret];
        let keys = keys.map(|key| key.strip_prefix("ed25519-secret:").unwrap());
        for secret in signatures.iter().map(String::as_str).chain(keys).chain([PASSWORD, "deployer"]) {
            assert!(!output.contains(secret), "{secret} was shown: {output}");
        }
    }

    /// Asserts that the attack was refused by `direct-execution` for a reason that holds this text, before anything of Prisma.
    #[track_caller]
    pub(crate) fn refused(&self, ended: &Ended, why: &str) {
        assert_eq!(ended.code, Some(77), "{}", ended.output);
        assert!(ended.output.contains("direct-execution: `prisma "), "{}", ended.output);
        assert!(ended.output.contains(why), "does not say `{why}`: {}", ended.output);
        assert!(!self.was_reached(), "Prisma was reached: {}", ended.output);
        self.shows_no_secret(&ended.output);
    }

    /// Asserts that the approval opened every door, so that what an attack is refused for is the one thing that it changed.
    #[track_caller]
    pub(crate) fn let_through(&self, ended: &Ended) {
        assert_eq!(ended.code, Some(0), "{}", ended.output);
        assert!(self.was_reached(), "{}", ended.output);
        self.shows_no_secret(&ended.output);
        std::fs::remove_file(self.root().join(REACHED)).unwrap();
    }
}

/// An approval as it goes over the socket.
pub(crate) fn line(approval: &Approval) -> Vec<u8> {
    let mut message = serde_json::to_vec(approval).unwrap();
    message.push(b'\n');
    message
}

/// Starts a program with this as its standard input, of which no copy stays here.
pub(crate) fn start(mut command: Command, input: impl Into<OwnedFd>) -> Child {
    command.stdin(Stdio::from(input.into()));
    command.spawn().unwrap()
}

/// Starts the program as a child of this process with a socket that this process made, says this to it, and keeps the socket until it ended.
pub(crate) fn told(command: Command, message: &[u8]) -> Ended {
    let (mut holder, input) = UnixStream::pair().unwrap();
    let child = start(command, input);
    // One that refuses before it reads has closed its end by now.
    let _ = holder.write_all(message);
    let ended = ended(child);
    drop(holder);
    ended
}
