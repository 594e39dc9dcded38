//! The proof: the contract's attacks, run for real with child processes against a copy of the project.
//!
//! An attack counts as refused only where the process ends with 77 or 78, names the rule that was to refuse it, and repeats no
//! secret. Everything else got through.

use super::World;
use super::prove_copy::{self, Copy, PASSWORD};
use crate::prisma;
use crate::refusal::Refusal;
use crate::rule::{EXIT_REFUSED, EXIT_UNDECIDED, Rule};
use crate::state::FOLDER_NAME;
use crate::system::files;
use crate::system::process::{self, Program};
use crate::target::{self, Role, Search};
use serde::Serialize;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How long one attack may take: far longer than it does on a busy runner (five seconds at most were seen), since one that is not seen to
/// its end counts as one that got through.
const TIMEOUT: Duration = Duration::from_mins(2);
/// How many run at once.
const THREADS: usize = 2;
/// What an attack prints that went on where it should have ended.
const WENT_ON: &str = "prisma-guard-proof-went-on";

/// One attack, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attack {
    /// Its name, in kebab-case.
    pub name: String,
    /// The sentence of the contract that it attacks.
    pub claim: String,
    /// The command, as a person would type it, without secrets.
    pub command: String,
    /// Whether the contract held.
    pub refused: bool,
    /// The rule that refused it, where one did.
    pub rule: Option<String>,
    /// One sentence: what was seen.
    pub detail: String,
}

/// An attack that is to be run.
struct Plan {
    name: &'static str,
    claim: &'static str,
    command: String,
    file: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(String, String)>,
    /// The rules of which one must refuse it.
    expected: &'static [Rule],
}

/// Runs every attack.
///
/// # Errors
/// `policy-missing`, `policy-invalid`, `prisma-not-found`, `migrations-invalid`, `git-unavailable`, `storage-failed` where the proof cannot be
/// held at all. An attack that gets through is no error here: it is an [`Attack`] that was not refused.
pub fn prove(world: &World<'_>) -> Result<Vec<Attack>, Refusal> {
    let (policy, project) = prove_copy::look(world)?;
    let installation = prisma::find(&world.project)?;
    let copy = Copy::make(world, &policy, &project)?;
    forge_records(&copy.root)?;
    let mut variables: Vec<String> = target::find(&Search {
        working_folder: &world.project,
        environment: world.environment,
        prisma_major: installation.major,
        config: None,
        schema: None,
    })
    .into_iter()
    .filter(|found| found.role != Role::ShadowDatabaseUrl)
    .filter_map(|found| found.variable)
    .collect();
    variables.push("DATABASE_URL".to_owned());
    variables.sort();
    variables.dedup();
    let plans = Attacker {
        copy: &copy,
        node: &world.node,
        entry: &installation.entry,
        package: &world.package,
        deploy_script: &policy.policy.deploy_script,
        variables: &variables,
    }
    .plans();
    let mut attacks = run_all(&plans, &copy.project);
    if let Some(file) = &copy.decoy_file {
        let there = files::exists(file);
        attacks.push(Attack {
            name: "decoy-untouched".to_owned(),
            claim: "no attack touches the database".to_owned(),
            command: "all of the above".to_owned(),
            refused: !there,
            rule: None,
            detail: if there { "an attack created the decoy" } else { "the decoy was never created" }.to_owned(),
        });
    }
    attacks.push(static_rules(world, &policy.root)?);
    Ok(attacks)
}

/// The one claim that is read, not run: what no attack in a copy can show, such as a client that the project creates without the guard.
fn static_rules(world: &World<'_>, root: &Path) -> Result<Attack, Refusal> {
    let report = (world.scan)(root)?;
    let detail = match report.findings.first() {
        None => format!("{} files, no findings", report.files),
        Some(first) => format!(
            "{} findings, the first in {}:{}:{}, {}: {}",
            report.findings.len(),
            first.file,
            first.line,
            first.column,
            first.rule,
            first.message
        ),
    };
    Ok(Attack {
        name: "static-rules".to_owned(),
        claim: "no script and no client stands beside the guard".to_owned(),
        command: "npx prisma-guard scan".to_owned(),
        refused: report.findings.is_empty(),
        rule: None,
        detail,
    })
}

/// Records that nobody signed, as a person in a hurry would write them.
fn forge_records(root: &Path) -> Result<(), Refusal> {
    let folder = root.join(FOLDER_NAME);
    let failed = |error: &std::io::Error| {
        Refusal::new(Rule::StorageFailed, "the copy for the proof cannot be made", format!("the system says: {error}"))
    };
    std::fs::create_dir_all(&folder).map_err(|error| failed(&error))?;
    #[cfg(unix)]
    std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .map_err(|error| failed(&error))?;
    for (name, step) in [(crate::state::VERIFICATION_FILE, "verification"), (crate::state::BACKUP_FILE, "backup")] {
        let text = format!("{{ \"step\": \"{step}\", \"passed\": true }}\n");
        files::write_atomically(&folder.join(name), text.as_bytes(), 0o600).map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// What every attack is made of.
struct Attacker<'a> {
    copy: &'a Copy,
    node: &'a Path,
    entry: &'a Path,
    package: &'a Path,
    deploy_script: &'a str,
    variables: &'a [String],
}

impl Attacker<'_> {
    fn plans(&self) -> Vec<Plan> {
        let remote = format!("postgresql://attacker:{PASSWORD}@prisma-guard-proof.invalid:5432/db");
        let decoy = self.copy.decoy_url.as_str();
        let shim = self.shim();
        let deploy = ["migrate", "deploy"].map(OsString::from).to_vec();
        let with_entry = || [vec![self.entry.as_os_str().to_owned()], deploy.clone()].concat();
        let everything = [("CI", "true"), ("NODE_ENV", "production"), ("PRISMA_DEPLOYMENT_APPROVED", "true")];
        let lifecycle = [
            ("PRISMA_DEPLOYMENT_APPROVED", "true"),
            ("npm_lifecycle_event", "deploy:db"),
            ("DATABASE_ENV", "development"),
        ];
        let direct = "direct execution of the Prisma CLI against production is impossible";
        let boast = "CI=true NODE_ENV=production PRISMA_DEPLOYMENT_APPROVED=true";
        vec![
            self.plan("direct-execution-undeclared", direct, format!("{boast} npx prisma migrate deploy"), &[Rule::DirectExecution])
                .run(&shim, deploy.clone())
                .with(self.urls(&remote), &everything),
            self.plan("direct-execution-production", direct, format!("{boast} npx prisma migrate deploy"), &[Rule::DirectExecution])
                .run(&shim, deploy.clone())
                .with(self.urls(decoy), &everything),
            self.plan("direct-execution-by-file", direct, format!("{boast} node node_modules/prisma/build/index.js migrate deploy"), &[Rule::DirectExecution])
                .run(self.node, with_entry())
                .with(self.urls(decoy), &everything),
            self.plan("direct-reset-by-file", "commands that destroy never run on production", "node node_modules/prisma/build/index.js migrate reset --force".to_owned(), &[Rule::DirectExecution])
                .run(self.node, [vec![self.entry.as_os_str().to_owned()], ["migrate", "reset", "--force"].map(OsString::from).to_vec()].concat())
                .with(self.urls(decoy), &everything),
            self.plan("approval-by-variable", "an approval is no variable", "PRISMA_DEPLOYMENT_APPROVED=true npm_lifecycle_event=deploy:db node node_modules/prisma/build/index.js migrate deploy".to_owned(), &[Rule::DirectExecution])
                .run(self.node, with_entry())
                .with(self.urls(decoy), &lifecycle),
            self.plan("local-deployment", "local deployment is impossible, whatever variables are copied", format!("GITHUB_ACTIONS=true … node {}", self.deploy_script), &[Rule::LocalDeployment])
                .run(self.node, vec![OsString::from(self.deploy_script)])
                .with(self.urls(decoy), &[&everything[..], &GITHUB[..]].concat()),
            self.plan("database-url-misuse", "a misused DATABASE_URL fails before Prisma initialises", "DATABASE_URL=postgresql://… node -e \"require('@org/prisma-guard/register')\"".to_owned(), &[Rule::DatabaseUrlMisuse])
                .run(self.node, script(&format!("require({}); console.log('{WENT_ON}')", self.module("register"))))
                .with(self.urls(&remote), &[]),
            self.plan("order-and-tampering", "no step without the genuine record of the one before", "node -e \"require('@org/prisma-guard').stateAdvance('deployment', { exitCode: 0 })\" on records written by hand".to_owned(), &[Rule::RecordNotGenuine])
                .run(self.node, script(&self.advance("deployment")))
                .with(self.urls(decoy), &[&everything[..], &GITHUB[..]].concat()),
            self.plan("verification-by-hand", "a record is made only where CI is proven", "node -e \"require('@org/prisma-guard').stateAdvance('verification', { migrations: 'prisma/migrations' })\"".to_owned(), &[Rule::LocalDeployment, Rule::InvalidArgument])
                .run(self.node, script(&self.advance("verification")))
                .with(self.urls(decoy), &[&everything[..], &GITHUB[..]].concat()),
        ]
    }

    fn plan(&self, name: &'static str, claim: &'static str, command: String, expected: &'static [Rule]) -> Plan {
        let path = self.node.parent().unwrap_or(Path::new("/usr/bin")).display();
        let variables = vec![
            ("PATH".to_owned(), format!("{path}:/usr/local/bin:/usr/bin:/bin")),
            ("HOME".to_owned(), self.copy.home.display().to_string()),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("CHECKPOINT_DISABLE".to_owned(), "1".to_owned()),
        ];
        Plan { name, claim, command, file: PathBuf::new(), arguments: Vec::new(), variables, expected }
    }

    fn urls(&self, url: &str) -> Vec<(String, String)> {
        self.variables.iter().map(|variable| (variable.clone(), url.to_owned())).collect()
    }

    /// The CLI that `npx prisma` takes: the nearest `node_modules/.bin/prisma`.
    fn shim(&self) -> PathBuf {
        let inside = self.copy.project.ancestors().take_while(|folder| folder.starts_with(&self.copy.top));
        let mut shims = inside.map(|folder| folder.join("node_modules/.bin/prisma"));
        shims.find(|path| path.is_file()).unwrap_or_else(|| self.copy.project.join("node_modules/.bin/prisma"))
    }

    /// A module of this package as a JavaScript string: by its name where the project has it installed, else by its file.
    fn module(&self, entry: &str) -> String {
        let installed = self.copy.project.ancestors().any(|it| it.join("node_modules/@org/prisma-guard").is_dir());
        let name = match (installed, entry) {
            (true, "") => "@org/prisma-guard".to_owned(),
            (true, entry) => format!("@org/prisma-guard/{entry}"),
            (false, "") => self.package.join("index.js").display().to_string(),
            (false, entry) => self.package.join(format!("js/{entry}.js")).display().to_string(),
        };
        serde_json::Value::String(name).to_string()
    }

    fn advance(&self, step: &str) -> String {
        let evidence = if step == "deployment" { "{ exitCode: 0 }" } else { "{ migrations: 'prisma/migrations' }" };
        format!(
            "try {{ require({}).stateAdvance('{step}', {evidence}); console.log('{WENT_ON}') }} \
             catch (error) {{ console.error(error.rule + ': ' + error.message); process.exitCode = error.exitCode ?? 1 }}",
            self.module("")
        )
    }
}

impl Plan {
    fn run(mut self, file: &Path, arguments: Vec<OsString>) -> Self {
        self.file = file.to_path_buf();
        self.arguments = arguments;
        self
    }

    fn with(mut self, urls: Vec<(String, String)>, more: &[(&str, &str)]) -> Self {
        self.variables.extend(urls);
        self.variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }
}

/// GitHub's variables as anyone can copy them
/// (https://docs.github.com/en/actions/reference/workflows-and-actions/variables), but for the two that only a job has.
const GITHUB: [(&str, &str); 11] = [
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_REPOSITORY", "org/shop"),
    ("GITHUB_REPOSITORY_ID", "123456"),
    ("GITHUB_REF", "refs/heads/main"),
    ("GITHUB_SHA", "0000000000000000000000000000000000000000"),
    ("GITHUB_RUN_ID", "1"),
    ("GITHUB_RUN_ATTEMPT", "1"),
    ("GITHUB_EVENT_NAME", "push"),
    ("GITHUB_WORKFLOW_REF", "org/shop/.github/workflows/deploy.yml@refs/heads/main"),
    ("GITHUB_ACTOR", "somebody"),
    ("RUNNER_ENVIRONMENT", "github-hosted"),
];

fn run_all(plans: &[Plan], folder: &Path) -> Vec<Attack> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Attack)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(plan) = plans.get(index) else { break };
                    let attack = run(plan, folder);
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, attack));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, attack)| attack).collect()
}

fn run(plan: &Plan, folder: &Path) -> Attack {
    let arguments: Vec<&OsStr> = plan.arguments.iter().map(OsString::as_os_str).collect();
    let variables: Vec<(&str, &OsStr)> =
        plan.variables.iter().map(|(name, value)| (name.as_str(), OsStr::new(value))).collect();
    let ran = process::run(&Program {
        file: &plan.file,
        arguments: &arguments,
        variables: &variables,
        folder,
        timeout: TIMEOUT,
        maximum: 1024 * 1024,
    });
    let (refused, rule, detail) = match ran {
        Ok(seen) => {
            let mut text = String::from_utf8_lossy(&seen.errors).into_owned();
            let rule = named_rule(&text, plan.expected);
            text.push_str(&String::from_utf8_lossy(&seen.output));
            judge(seen.code, rule, &text, plan.expected)
        }
        Err(error) => (false, None, format!("the attack could not be seen through: {error}")),
    };
    Attack {
        name: plan.name.to_owned(),
        claim: plan.claim.to_owned(),
        command: plan.command.clone(),
        refused,
        rule: rule.map(|rule| rule.name().to_owned()),
        detail,
    }
}

/// The rule of these that an output names as a word of its own.
fn named_rule(text: &str, expected: &[Rule]) -> Option<Rule> {
    let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.find_map(|word| expected.iter().copied().find(|rule| rule.name() == word))
}

fn judge(code: Option<i32>, rule: Option<Rule>, text: &str, expected: &[Rule]) -> (bool, Option<Rule>, String) {
    let names = expected.iter().map(|rule| rule.name()).collect::<Vec<_>>().join(" or ");
    let ended = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    if text.contains(PASSWORD) {
        return (false, rule, "its output repeats the password".to_owned());
    }
    if text.contains(WENT_ON) {
        return (false, rule, format!("it went on past the guard, and ended with {ended}"));
    }
    if code != Some(EXIT_REFUSED) && code != Some(EXIT_UNDECIDED) {
        return (false, rule, format!("it ended with {ended}, and a refusal ends with 77 or 78"));
    }
    match rule {
        Some(found) => (true, rule, format!("refused by {found} with {ended}")),
        None => (false, None, format!("it ended with {ended}, but not by {names}")),
    }
}

fn script(code: &str) -> Vec<OsString> {
    ["--input-type=commonjs", "-e", code].map(OsString::from).to_vec()
}

#[cfg(test)]
mod tests {
    use super::{Plan, WENT_ON, judge, named_rule, run_all};
    use crate::promotion::prove_copy::PASSWORD;
    use crate::rule::Rule;
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    fn shell(script: &str) -> Plan {
        Plan {
            name: "test",
            claim: "test",
            command: "sh".into(),
            file: PathBuf::from("/bin/sh"),
            arguments: vec![OsString::from("-c"), OsString::from(script)],
            variables: vec![("SECRET".into(), PASSWORD.into())],
            expected: &[Rule::DirectExecution],
        }
    }

    #[test]
    fn an_attack_is_refused_only_by_the_right_rule_the_right_code_and_without_the_secret() {
        let cases = [
            ("echo '✖ direct-execution  no' >&2; exit 77", true),
            ("echo 'direct-execution' >&2; exit 78", true),
            ("echo 'direct-execution' >&2; exit 1", false),
            ("echo 'direct-execution' >&2; exit 0", false),
            ("echo 'direct-execution'; exit 77", false),
            ("echo 'indirect-execution-rule' >&2; exit 77", false),
            ("echo 'local-deployment' >&2; exit 77", false),
            ("exit 77", false),
            ("echo \"direct-execution $SECRET\" >&2; exit 77", false),
            ("echo direct-execution >&2; kill -9 $$", false),
        ];
        let plans: Vec<Plan> = cases.iter().map(|(script, _)| shell(script)).collect();
        let attacks = run_all(&plans, Path::new("/"));
        for ((script, refused), attack) in cases.iter().zip(&attacks) {
            assert_eq!(attack.refused, *refused, "{script}: {}", attack.detail);
            assert!(!attack.detail.contains(PASSWORD));
        }
        assert_eq!(attacks[0].rule.as_deref(), Some("direct-execution"));
    }

    #[test]
    fn an_attack_that_cannot_be_started_is_not_called_refused() {
        let mut plan = shell("");
        plan.file = PathBuf::from("/nowhere/prisma");
        assert!(!run_all(&[plan], Path::new("/"))[0].refused);
    }

    #[test]
    fn an_attack_that_went_on_got_through_even_with_the_code_of_a_refusal() {
        let rule = named_rule("direct-execution", &[Rule::DirectExecution]);
        assert!(!judge(Some(77), rule, WENT_ON, &[Rule::DirectExecution]).0);
    }
}
