//! Signers with real Ed25519 keys, records to begin with, and tests that run a part of themselves in a process of its own.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guard_core::ci::{Attest, Attestation, Moment, Proof};
use guard_core::database::TableRows;
use guard_core::digest::Digest;
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use guard_core::state::{
    Circumstances, Evidence, Expectation, Outcome, PlannedMigration, Record, Statement, Step, Store, Subject,
};
use guard_core::system::clock::Timestamp;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Who signs: a CI with a key, or a provider that issues a token in a run.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    /// The public keys that are published now.
    pub(crate) published: Vec<Vec<u8>>,
    /// The token's run, commit and how far its clock is ahead; `None` for a bare key.
    pub(crate) token: Option<Token>,
}

#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) run: &'static str,
    pub(crate) commit: String,
    pub(crate) issued: i64,
}

impl Signer {
    pub(crate) fn with_key(seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let published = vec![pair.public_key().as_ref().to_vec()];
        Signer { pair, published, token: None }
    }

    pub(crate) fn in_run(seed: u8, run: &'static str) -> Self {
        let token = Token { run, commit: subject().commit, issued: Timestamp::now().0 };
        Signer { token: Some(token), ..Self::with_key(seed) }
    }

    fn proof(&self, run: Option<&str>, commit: Option<&str>, issued: Timestamp) -> Proof {
        Proof {
            issuer: if run.is_some() { "http://127.0.0.1:1".to_owned() } else { "key".to_owned() },
            run: run.map(str::to_owned),
            attempt: None,
            commit: commit.map(str::to_owned),
            reference: None,
            actor: None,
            repository: None,
            issued,
            expires: Timestamp(issued.0 + 300),
        }
    }

    /// The proof of the process itself.
    pub(crate) fn own_proof(&self) -> Proof {
        let token = self.token.as_ref();
        self.proof(token.map(|token| token.run), token.map(|token| token.commit.as_str()), Timestamp::now())
    }

    fn holds(&self, message: &str, signature: &str) -> Result<(), Refusal> {
        let refused =
            || Refusal::new(Rule::RecordNotGenuine, "the signature does not hold", "it is over something else");
        let bytes = URL_SAFE_NO_PAD.decode(signature).map_err(|_| refused())?;
        if self.published.is_empty() {
            return Err(Refusal::new(Rule::ProofUnavailable, "the key is no longer published", "there is none"));
        }
        let by_any = self
            .published
            .iter()
            .any(|key| UnparsedPublicKey::new(&ED25519, key).verify(message.as_bytes(), &bytes).is_ok());
        by_any.then_some(()).ok_or_else(refused)
    }
}

impl Attest for Signer {
    fn attest(&self, digest: &Digest) -> Result<(Attestation, Proof), Refusal> {
        let sign = |message: &str| URL_SAFE_NO_PAD.encode(self.pair.sign(message.as_bytes()).as_ref());
        let attestation = match &self.token {
            None => Attestation::Key { signature: sign(digest.as_str()) },
            Some(token) => {
                let claims =
                    serde_json::json!({"aud": digest, "run": token.run, "sha": token.commit, "iat": token.issued});
                let body = format!("e30.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
                Attestation::Oidc { token: format!("{body}.{}", sign(&body)) }
            }
        };
        let proof = self.verify(digest, &attestation, Moment::Live)?;
        Ok((attestation, proof))
    }

    fn verify(&self, digest: &Digest, attestation: &Attestation, _moment: Moment) -> Result<Proof, Refusal> {
        let refused = |why: &str| Refusal::new(Rule::RecordNotGenuine, "the token does not attest the record", why);
        match attestation {
            Attestation::Key { signature } => {
                self.holds(digest.as_str(), signature)?;
                Ok(self.proof(None, None, Timestamp::now()))
            }
            Attestation::Oidc { token } => {
                let (body, signature) = token.rsplit_once('.').ok_or_else(|| refused("no token"))?;
                self.holds(body, signature)?;
                let claims = URL_SAFE_NO_PAD.decode(body.split_once('.').unwrap().1).unwrap();
                let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
                if claims["aud"] != digest.as_str() {
                    return Err(refused("its audience is another digest"));
                }
                Ok(self.proof(
                    claims["run"].as_str(),
                    claims["sha"].as_str(),
                    Timestamp(claims["iat"].as_i64().unwrap()),
                ))
            }
        }
    }
}

pub(crate) fn subject() -> Subject {
    Subject {
        commit: "1".repeat(40),
        tree: "2".repeat(40),
        migrations: Digest::of(b"migrations"),
        schema: Digest::of(b"schema"),
        target: Digest::of(b"target"),
    }
}

pub(crate) fn verification() -> Evidence {
    Evidence::Verification {
        ledger: Digest::of(b"ledger"),
        plan: vec![PlannedMigration { name: "20260101000000_first".to_owned(), digest: Digest::of(b"sql") }],
        attacks: 9,
        scanned: 12,
    }
}

pub(crate) fn backup() -> Evidence {
    Evidence::Backup {
        method: "sqlite-online-backup".to_owned(),
        file: "shop.db".to_owned(),
        digest: Digest::of(b"copy"),
        bytes: 8192,
        tables: vec![TableRows { table: "User".to_owned(), rows: 3 }],
    }
}

pub(crate) fn deployment(outcome: Outcome) -> Evidence {
    Evidence::Deployment { outcome, applied: Vec::new(), exit_code: None }
}

pub(crate) fn circumstances() -> Circumstances {
    Circumstances {
        time: Some(Timestamp::now()),
        tools: [("prisma".to_owned(), "7.10.1".to_owned())].into(),
        ancestors: vec!["init systemd".to_owned()],
    }
}

pub(crate) fn first() -> Statement {
    Statement::first("production", subject(), verification(), circumstances()).unwrap()
}

pub(crate) fn next(after: &Record, evidence: Evidence) -> Statement {
    Statement::next(after, evidence, circumstances()).unwrap()
}

/// A project with the records of these steps, all genuine.
pub(crate) struct Project {
    pub(crate) root: tempfile::TempDir,
    pub(crate) store: Store,
    pub(crate) signer: Signer,
}

impl Project {
    pub(crate) fn new(signer: Signer) -> Self {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path()).unwrap();
        Project { root, store, signer }
    }

    pub(crate) fn verified(signer: Signer) -> Self {
        let project = Self::new(signer);
        project.write(first());
        project
    }

    pub(crate) fn backed_up(signer: Signer) -> Self {
        let project = Self::verified(signer);
        let verified = project.record(Step::Verification);
        project.write(next(&verified, backup()));
        project
    }

    pub(crate) fn write(&self, statement: Statement) -> Record {
        shown(self.store.write(statement, &self.signer))
    }

    pub(crate) fn try_write(&self, statement: Statement) -> Result<Record, Refusal> {
        self.store.write(statement, &self.signer)
    }

    pub(crate) fn record(&self, step: Step) -> Record {
        shown(self.store.read(step)).unwrap()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.store.folder().join(name)
    }

    pub(crate) fn require(&self, step: Step) -> Result<Record, Refusal> {
        self.require_as(step, "production", &subject(), Timestamp::now(), 7200)
    }

    pub(crate) fn require_as(
        &self,
        step: Step,
        environment: &str,
        subject: &Subject,
        now: Timestamp,
        maximum_age: u32,
    ) -> Result<Record, Refusal> {
        let proof = self.signer.own_proof();
        let expectation = Expectation { environment, subject, proof: &proof, maximum_age, now };
        self.store.require(step, &expectation, &self.signer)
    }

    pub(crate) fn kept(&self, step: Step, evidence: &Evidence) -> Result<Option<Record>, Refusal> {
        let (proof, subject) = (self.signer.own_proof(), subject());
        let expectation = Expectation {
            environment: "production",
            subject: &subject,
            proof: &proof,
            maximum_age: 7200,
            now: Timestamp::now(),
        };
        self.store.kept(step, evidence, &expectation, &self.signer)
    }
}

/// The value, or the refusal as a person reads it.
pub(crate) fn shown<T>(result: Result<T, Refusal>) -> T {
    match result {
        Ok(value) => value,
        Err(refusal) => panic!("{refusal}"),
    }
}

/// Asserts that it was refused by this rule, for a reason that holds this text.
#[track_caller]
pub(crate) fn refused<T>(result: Result<T, Refusal>, rule: Rule, why: &str) {
    match result {
        Ok(_) => panic!("not refused, though {rule} should have: {why}"),
        Err(refusal) => {
            assert_eq!(refusal.rule, rule, "{refusal}");
            assert!(refusal.why.contains(why), "{refusal}\n  does not say: {why}");
            assert!(!refusal.summary.ends_with('.') && !refusal.why.ends_with('.'), "{refusal}");
        }
    }
}

const ROLE: &str = "STATE_TEST_ROLE";
const PLACE: &str = "STATE_TEST_PLACE";

/// The part that this process plays, and where, if it is a part of a test.
pub(crate) fn role() -> Option<(String, PathBuf)> {
    Some((std::env::var(ROLE).ok()?, PathBuf::from(std::env::var_os(PLACE)?)))
}

/// A process that plays a part of the test of this name, behind these words (`strace`, `setpriv`).
pub(crate) fn part(before: &[&str], program: &Path, test: &str, role: &str, place: &Path) -> Command {
    let mut words: Vec<std::ffi::OsString> = before.iter().map(Into::into).collect();
    words.push(program.into());
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(PLACE, place).stdin(std::process::Stdio::null());
    command
}

pub(crate) fn this_program() -> PathBuf {
    std::env::current_exe().unwrap()
}

#[track_caller]
pub(crate) fn succeeded(what: &str, output: std::io::Result<Output>) {
    let output = output.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(
        output.status.success(),
        "{what}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The names in a folder that writers leave when they crash.
pub(crate) fn leftovers(folder: &Path) -> Vec<String> {
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".tmp")).collect()
}
