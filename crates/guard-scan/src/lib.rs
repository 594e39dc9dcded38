//! The frozen contract: walks a repository and proves the static rules, one parser adapter per language and one file per rule.
//!
//! Read: JavaScript, TypeScript and JSX (`.js .jsx .mjs .cjs .ts .tsx .mts .cts`) as syntax trees with scopes, and the scripts of
//! every `package.json` as shell commands. **Not read yet**: `.sql` outside migrations, shell files, CI files and other YAML,
//! Dockerfiles, Makefiles, the scripts inside Vue, Svelte and Astro files, and notebooks.
//!
//! A finding is about what a program does, not about words in it: comments, texts that are printed or compared, documentation
//! and regular expressions are no findings. What cannot be read is a finding itself (`unreadable`). Ignored by design: what
//! git's own ignore files name (a tracked file among them is not seen), `node_modules` and a few folders that tools generate
//! ([`walk`]).
//!
//! Knows nothing of terminals (that is `guard-report`) and nothing of databases.
#![forbid(unsafe_code)]

mod allowance;
mod facts;
mod language;
mod place;
mod prisma_command;
mod rules;
mod shell_words;
mod walk;

pub use rules::RULES;

use facts::Facts;
use guard_core::finding::{Finding, ScanReport};
use guard_core::policy::Policy;
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use guard_core::system::files;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// The largest file that is read: 4 MiB, like every other text that the guard reads.
const MAXIMUM_BYTES: u64 = files::MAXIMUM_TEXT_BYTES;
/// The stack of a thread that parses. Parsers and walks are recursive, and a file of deep nesting must not end the process: see
/// [`language::javascript`], which bounds the nesting too. Only what is used of it is ever taken from the system.
const STACK_BYTES: usize = 256 * 1024 * 1024;
/// The most threads: parsing is bound by memory before it is bound by cores.
const MOST_THREADS: usize = 8;

/// Scans the repository at `root`. `policy` gives the deploy script and the allowances; without one `scripts/deploy-db.js` is the
/// deploy script. The result is the same on every machine, whatever its number of cores.
///
/// # Errors
/// Rule `contract-broken` where `root` is no folder that can be read, `internal-error` where a thread of the scan died.
pub fn scan(root: &Path, policy: Option<&Policy>) -> Result<ScanReport, Refusal> {
    let start = Instant::now();
    let walked = walk::walk(root).map_err(|why| {
        Refusal::new(Rule::ContractBroken, "the static rules cannot be proven on a folder that cannot be read", why)
    })?;
    let deploy_script = policy.map_or("scripts/deploy-db.js", |policy| policy.deploy_script.as_str());
    let deploy_script = deploy_script.strip_prefix("./").unwrap_or(deploy_script);
    let mut findings = read_all(root, &walked.files, deploy_script)?;
    findings.extend(walked.unreadable);
    findings.extend(rules::of_the_tree(&walked.files, policy, deploy_script));
    findings.sort();
    findings.dedup();
    let (findings, allowed) = allowance::apply(findings, policy);
    Ok(ScanReport {
        files: u32::try_from(walked.files.len()).unwrap_or(u32::MAX),
        findings,
        allowed,
        milliseconds: start.elapsed().as_secs_f64() * 1000.0,
    })
}

/// Reads and judges every file, on all cores.
fn read_all(root: &Path, paths: &[String], deploy_script: &str) -> Result<Vec<Finding>, Refusal> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).min(paths.len().max(1));
    let dead = || Refusal::new(Rule::InternalError, "the scan did not end", "a thread that reads files died");
    std::thread::scope(|scope| {
        let mut workers = Vec::with_capacity(threads);
        for _ in 0..threads {
            let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || {
                let mut found = Vec::new();
                let mut reader = language::Reader::default();
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    judge(root, path, deploy_script, &mut reader, &mut found);
                }
                found
            });
            workers.push(worker.map_err(|_| dead())?);
        }
        let mut findings = Vec::new();
        for worker in workers {
            findings.extend(worker.join().map_err(|_| dead())?);
        }
        Ok(findings)
    })
}

/// Reads one file and asks every rule.
fn judge(root: &Path, path: &str, deploy_script: &str, reader: &mut language::Reader, found: &mut Vec<Finding>) {
    let is_deploy_script = path == deploy_script;
    let text = match files::read_text(&root.join(path), MAXIMUM_BYTES) {
        Ok(text) => text,
        Err(error) => {
            found.push(rules::unreadable::finding(path, &error.to_string()));
            return;
        }
    };
    let facts: Facts = match reader.read(path, &text, is_deploy_script) {
        Ok(facts) => facts,
        Err(why) => {
            found.push(rules::unreadable::finding(path, &why));
            return;
        }
    };
    rules::of_a_file(&rules::File { path, is_deploy_script, facts: &facts, text: &text }, found);
}
