//! Each rule on small trees that are written for the test: what fires, and what must not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes its fixtures as a person would"
)]

use guard_core::digest::Digest;
use guard_core::finding::ScanReport;
use guard_core::policy::{NonProduction, Policy, ScanAllowance, ScanPolicy};
use std::collections::BTreeMap;
use std::path::Path;

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).open(path).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
}

fn scan_with(files: &[(&str, &str)], policy: Option<&Policy>) -> ScanReport {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(root.path(), path, text);
    }
    guard_scan::scan(root.path(), policy).unwrap()
}

/// The rules that fire on one file, each once.
fn fired(path: &str, text: &str) -> Vec<String> {
    let mut rules: Vec<String> = scan_with(&[(path, text)], None).findings.into_iter().map(|f| f.rule).collect();
    rules.dedup();
    rules
}

fn policy(allow: Vec<ScanAllowance>) -> Policy {
    Policy {
        schema: None,
        environments: BTreeMap::new(),
        non_production: NonProduction::default(),
        deploy_script: "scripts/deploy-db.js".to_owned(),
        scan: ScanPolicy { allow },
        engine: None,
    }
}

#[track_caller]
fn fires(rule: &str, texts: &[&str]) {
    let missed: Vec<&&str> =
        texts.iter().filter(|text| !fired("src/a.ts", text).iter().any(|name| name == rule)).collect();
    assert!(missed.is_empty(), "{rule} does not fire on {missed:#?}");
}

#[track_caller]
fn is_quiet(texts: &[&str]) {
    for text in texts {
        assert_eq!(fired("src/a.tsx", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_deployment_is_found_however_the_program_is_started() {
    fires(
        "direct-migrate-deploy",
        &[
            "import { execSync } from 'child_process'; execSync('npx prisma migrate deploy')",
            "import { execSync as e } from 'node:child_process'; e('npx prisma migrate deploy')",
            "import * as cp from 'child_process'; cp.spawn('npx', ['prisma', 'migrate', 'deploy'])",
            "import cp from 'child_process'; cp['exec' + 'Sync'](`npx prisma migrate deploy`)",
            "const { spawnSync } = require('child_process'); spawnSync('npx', ['prisma', 'migrate', 'deploy'], { stdio: 'inherit' })",
            "require('child_process').execFileSync('node_modules/.bin/prisma', ['migrate', 'deploy'])",
            "const { promisify } = require('util'); const { exec } = require('child_process'); const run = promisify(exec); await run('prisma migrate deploy')",
            "const { exec } = await import('node:child_process'); exec('prisma migrate deploy')",
            "import { createRequire } from 'module'; const require = createRequire(import.meta.url); require('child_process').exec('prisma migrate deploy')",
            "import { fork } from 'child_process'; fork('node_modules/prisma/build/index.js', ['migrate', 'deploy'])",
            "import { fork } from 'child_process'; fork(require.resolve('prisma/build/index.js'), ['migrate', 'deploy'])",
            "import { spawn } from 'child_process'; spawn(process.execPath, [bin, 'migrate', 'deploy'])",
            "import { spawn } from 'child_process'; const a = ['migrate']; a.push('deploy'); spawn('prisma', a)",
            "import { spawn } from 'child_process'; const base = ['prisma']; spawn('npx', [...base, ...['migrate', 'deploy']])",
            "import { execSync } from 'child_process'; const c = ['prisma', 'migrate', 'deploy'].join(' '); execSync(c)",
            "import { execSync } from 'child_process'; const v = 'deploy'; execSync(`npx prisma migrate ${v} --schema ${process.env.S}`)",
            "import { execSync } from 'child_process'; let c = 'prisma '; c += 'migrate '; c += 'deploy'; execSync(c)",
            "import { execSync } from 'child_process'; execSync('prisma migrate ' + (prod ? 'deploy' : 'dev'))",
            "import { execSync } from 'child_process'; const C = { d: 'prisma migrate deploy' } as const; execSync(C.d)",
            "import { execSync } from 'child_process'; function run(c: string) { execSync(c) } run('prisma migrate deploy')",
            "import { spawnSync } from 'child_process'; const run = (...a: string[]) => spawnSync('npx', a); run('prisma', 'migrate', 'deploy')",
            "import { execSync } from 'child_process'; execSync(`npx prisma migrate ${process.argv[2]}`)",
            "import { execSync } from 'child_process'; execSync('sh -c \"npx prisma migrate deploy\"')",
            "import { execSync } from 'child_process'; const t = { go: execSync }; t.go('prisma migrate deploy')",
            "import { execSync } from 'child_process'; execSync.call(null, 'prisma migrate deploy')",
            "import { execSync } from 'child_process'; const f = execSync.bind(null); f('prisma migrate deploy')",
            "import { execa } from 'execa'; await execa('prisma', ['migrate', 'deploy'])",
            "import { $ } from 'execa'; await $`prisma migrate deploy`",
            "import { $ } from 'execa'; await $({ stdio: 'inherit' })`prisma migrate deploy`",
            "import { $ } from 'zx'; await $`npx prisma migrate ${'deploy'}`",
            "import spawn from 'cross-spawn'; spawn.sync('prisma', ['migrate', 'deploy'])",
            "import shell from 'shelljs'; shell.exec('prisma migrate deploy')",
            "Bun.spawnSync(['bunx', 'prisma', 'migrate', 'deploy'])",
            "new Deno.Command('npx', { args: ['prisma', 'migrate', 'deploy'] })",
            "import { run } from './run'; run('npx prisma migrate deploy')",
            "import { runCommand } from '@/lib/shell'; runCommand('npx', ['prisma', 'migrate', 'deploy'])",
            "import { execPrismaApproved } from '@org/prisma-guard'; execPrismaApproved(['migrate', 'deploy'])",
            "(globalThis as any).process.mainModule.require('child_process').execSync('prisma migrate deploy')",
        ],
    );
}

#[test]
fn words_that_run_nothing_are_no_findings() {
    is_quiet(&[
        "// npx prisma migrate deploy\n/* execSync('npx prisma migrate deploy') */",
        "console.log('npx prisma migrate deploy'); throw new Error('run npx prisma migrate deploy')",
        "const help = 'npx prisma migrate deploy'; export default help",
        "expect(out).toContain('prisma migrate deploy'); if (x === 'PRISMA_DEPLOYMENT_APPROVED') {}",
        "const r = /prisma migrate deploy|DROP TABLE users/; r.exec('prisma migrate deploy')",
        "import { execSync } from 'child_process'; execSync('npx prisma generate'); execSync('npx prisma migrate dev')",
        "import { execSync } from 'child_process'; execSync('echo npx prisma migrate deploy')",
        "import { execSync } from 'child_process'; execSync('npm run deploy'); execSync(`git tag ${v}`)",
        "function execSync(x: string) {} execSync('npx prisma migrate deploy')",
        "const a = process.env.PRISMA_DEPLOYMENT_APPROVED; const { PRISMA_DEPLOYMENT_APPROVED } = process.env; delete process.env.PRISMA_DEPLOYMENT_APPROVED",
        "import { z } from 'zod'; const env = z.object({ PRISMA_DEPLOYMENT_APPROVED: z.string().optional() })",
        "spawn('x', { env: { ...process.env, PRISMA_DEPLOYMENT_APPROVED: undefined } })",
        "import type { PrismaClient } from '@prisma/client'; let c: PrismaClient; type M = typeof import('@prisma/migrate')",
        "import { PrismaClient } from '@prisma/client'; export function f(c: PrismaClient) { return c }",
        "class PrismaClient {} new PrismaClient()",
        "import { defineConfig } from 'prisma/config'; export default defineConfig({})",
        "import type { Engine } from '@prisma/internals'",
        "await prisma.$executeRawUnsafe('DELETE FROM a WHERE id = 1'); await db.query('SELECT 1')",
        "console.log('DROP TABLE users'); const t = 'TRUNCATE users'",
        "export const X = () => <p>npx prisma migrate deploy</p>",
    ]);
}

#[test]
fn commands_that_destroy_are_found_in_code_and_scripts() {
    let run = |command: &str| fired("package.json", &serde_json::json!({ "scripts": { "x": command } }).to_string());
    for command in [
        "prisma migrate reset --force",
        "npx prisma db push --force-reset",
        "npx prisma db push --force-reset=false",
        "pnpm prisma db push --accept-data-loss",
        "prisma migrate resolve --applied 1",
        "dotenv -- npx prisma migrate reset",
    ] {
        assert_eq!(run(command), ["destructive-prisma-command"], "{command}");
    }
    for command in ["prisma migrate dev", "prisma db push", "prisma db seed", "prisma studio", "prisma migrate status"]
    {
        assert_eq!(run(command), Vec::<String>::new(), "{command}");
    }
}

#[test]
fn scripts_of_package_json_are_read_as_commands() {
    let run =
        |command: &str| fired("apps/web/package.json", &serde_json::json!({ "scripts": { "x": command } }).to_string());
    assert_eq!(run("next build && prisma migrate deploy"), ["direct-migrate-deploy"]);
    assert_eq!(run("PRISMA_DEPLOYMENT_APPROVED=true node x"), ["approval-flag-set"]);
    assert_eq!(run("cross-env PRISMA_DEPLOYMENT_APPROVED=true node x"), ["approval-flag-set"]);
    assert_eq!(run("sh -c 'export PRISMA_DEPLOYMENT_APPROVED=1; node x'"), ["approval-flag-set"]);
    assert_eq!(run("npm run deploy -- --skip-tests"), ["bypass-flag"]);
    assert_eq!(run("npm ci --ignore-scripts"), Vec::<String>::new());
    assert_eq!(run("PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK=1 node x"), ["bypass-flag"]);
    assert_eq!(run("PRISMA_SCHEMA_ENGINE_BINARY=./x node x"), ["side-door"]);
    assert_eq!(run("psql $DATABASE_URL -c 'DROP TABLE users'"), ["destructive-sql"]);
    assert_eq!(run("npm run predeploy && npm run backup:production && npm run deploy:db"), Vec::<String>::new());
    assert_eq!(fired("package.json", r#"{"prisma":{"seed":"prisma migrate deploy"}}"#), ["direct-migrate-deploy"]);
    assert_eq!(fired("package.json", r#"{"description":"prisma migrate deploy"}"#), Vec::<String>::new());
    let twice = r#"{"scripts":{"a":"x"},"scripts":{"a":"prisma migrate deploy"}}"#;
    assert_eq!(fired("package.json", twice), ["direct-migrate-deploy"]);
    assert_eq!(fired("package.json", "{"), ["unreadable"]);
}

#[test]
fn the_approval_is_found_wherever_it_is_written() {
    fires(
        "approval-flag-set",
        &[
            "process.env.PRISMA_DEPLOYMENT_APPROVED = 'true'",
            "process.env['PRISMA_' + 'DEPLOYMENT_APPROVED'] = 'true'",
            "const K = 'PRISMA_DEPLOYMENT_APPROVED'; process.env[K] = '1'",
            "const e = process.env; e.PRISMA_DEPLOYMENT_APPROVED ||= 'true'",
            "Object.assign(process.env, { PRISMA_DEPLOYMENT_APPROVED: 'true' })",
            "import { spawn } from 'child_process'; spawn('x', { env: { ...process.env, PRISMA_DEPLOYMENT_APPROVED: String(true) } })",
            "spawn('x', [], { env: { ['PRISMA_DEPLOYMENT_APPROVED']: v } })",
            "Reflect.set(process.env, 'PRISMA_DEPLOYMENT_APPROVED', 'true')",
            "Object.defineProperty(process.env, 'PRISMA_DEPLOYMENT_APPROVED', { value: '1' })",
            "import { execSync } from 'child_process'; execSync('PRISMA_DEPLOYMENT_APPROVED=true npx x')",
        ],
    );
}

#[test]
fn a_client_without_the_guard_before_it_is_found() {
    fires(
        "unguarded-client",
        &[
            "import { PrismaClient } from '@prisma/client'; export const db = new PrismaClient()",
            "import { PrismaClient as P } from '../generated/prisma'; new P()",
            "const { PrismaClient } = require('@prisma/client'); new PrismaClient()",
            "import pkg from '@prisma/client'; const { PrismaClient } = pkg; new PrismaClient()",
            "import * as p from '@prisma/client'; new p.PrismaClient()",
            "new (require('@prisma/client').PrismaClient)()",
            "import { PrismaClient } from '@prisma/client'; class Db extends PrismaClient {}",
            "import { PrismaPg } from '@prisma/adapter-pg'; new PrismaPg({})",
            "import { PrismaClient } from '@prisma/client'; import '@org/prisma-guard/register'; new PrismaClient()",
            "import { validateDatabaseUrlEarly } from '@org/prisma-guard'; import { PrismaClient } from '@prisma/client'; new PrismaClient()",
            "import type {} from '@org/prisma-guard/register'; import { PrismaClient } from '@prisma/client'; new PrismaClient()",
            "import { validateDatabaseUrlEarly as v } from '@org/prisma-guard'; import { PrismaClient } from '@prisma/client'; function f() { v() } new PrismaClient()",
            "// import '@org/prisma-guard/register'\nimport { PrismaClient } from '@prisma/client'; new PrismaClient()",
        ],
    );
    is_quiet(&[
        "import '@org/prisma-guard/register'; import { PrismaClient } from '@prisma/client'; export const db = new PrismaClient()",
        "import { validateDatabaseUrlEarly } from '@org/prisma-guard'; import { PrismaClient } from '@prisma/client'; validateDatabaseUrlEarly(); new PrismaClient()",
        "require('@org/prisma-guard/register'); const { PrismaClient } = require('@prisma/client'); new PrismaClient()",
        "require('@org/prisma-guard').validateDatabaseUrlEarly(); const { PrismaClient } = require('@prisma/client'); new PrismaClient()",
        "import { prisma } from '../lib/prisma'; await prisma.user.findMany()",
    ]);
}

#[test]
fn side_doors_are_found() {
    fires(
        "side-door",
        &[
            "import { MigrateDeploy } from '@prisma/migrate'",
            "const i = require('@prisma/internals')",
            "await import('@prisma/schema-engine-wasm')",
            "require('prisma/build/index.js')",
            "import 'prisma'",
            "export * from '@prisma/migrate/dist/x'",
            "require.resolve('@prisma/migrate')",
            "import x = require('@prisma/migrate')",
            "process.env.PRISMA_SCHEMA_ENGINE_BINARY = './mine'",
            "import { spawn } from 'child_process'; spawn('./node_modules/@prisma/engines/schema-engine-linux', [])",
        ],
    );
    let report = scan_with(
        &[("prisma.config.ts", "export default {}"), ("prisma.config.js", ""), ("a/prisma7.config.ts", "")],
        None,
    );
    assert_eq!(report.findings.len(), 3, "{:#?}", report.findings);
    assert_eq!(fired("prisma.config.ts", "export default {}"), Vec::<String>::new());
}

#[test]
fn sql_that_destroys_is_found_in_code() {
    fires(
        "destructive-sql",
        &[
            "await prisma.$executeRawUnsafe('TRUNCATE TABLE \"User\" CASCADE')",
            "await prisma.$executeRawUnsafe(`DROP SCHEMA ${s} CASCADE`)",
            "await prisma.$executeRaw`DELETE FROM users`",
            "const q = 'DELETE ' + 'FROM users'; await pool.query(q)",
            "await pool.query({ text: 'DROP TABLE users' })",
            "for (const t of ts) await prisma.$executeRawUnsafe('TRUNCATE TABLE ' + t)",
        ],
    );
}

const DEPLOY: &str = "const { assertCi, execPrismaApproved } = require('@org/prisma-guard')\nassertCi()\nprocess.exitCode = execPrismaApproved(['migrate', 'deploy']).exitCode\n";

#[test]
fn the_deploy_script_holds_exactly_what_it_may() {
    assert_eq!(fired("scripts/deploy-db.js", DEPLOY), Vec::<String>::new());
    let module = "import { assertCi, execPrismaApproved } from '@org/prisma-guard'\nassertCi()\nconst { exitCode } = execPrismaApproved(['migrate', 'deploy'])\nprocess.exit(exitCode)\n";
    assert_eq!(fired("scripts/deploy-db.js", module), Vec::<String>::new());
    for grown in [
        "fetch('https://x')",
        "require('fs').rmSync('x')",
        "if (process.env.SKIP) process.exit(0)",
        "process.env.SKIP && process.exit(0)",
        "try { assertCi() } catch {}",
        "process.env.DATABASE_URL = 'x'",
        "new Function('x')()",
        "eval('x')",
        "for (;;) {}",
        "import('./x.js')",
        "execPrismaApproved(['migrate', 'resolve'])",
        "execPrismaApproved(process.argv.slice(2))",
        "module.exports = 1",
        "function f() {}",
        "x`y`",
    ] {
        assert_eq!(fired("scripts/deploy-db.js", &format!("{DEPLOY}{grown}")), ["deploy-script-grew"], "{grown}");
    }
    for missing in [
        "",
        "require('@org/prisma-guard').assertCi()",
        "require('@org/prisma-guard').execPrismaApproved(['migrate', 'deploy'])",
    ] {
        assert_eq!(fired("scripts/deploy-db.js", missing), ["deploy-script-grew"], "{missing}");
    }
    let mut other = policy(Vec::new());
    other.deploy_script = "tools/ship.js".to_owned();
    let report = scan_with(&[("scripts/deploy-db.js", DEPLOY)], Some(&other));
    let rules: Vec<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, ["direct-migrate-deploy", "deploy-script-grew"]);
    assert_eq!(scan_with(&[("tools/ship.js", DEPLOY)], Some(&other)).findings, []);
}

#[test]
fn what_cannot_be_read_is_a_finding() {
    assert_eq!(fired("a.js", "let = = ;"), ["unreadable"]);
    assert_eq!(fired("a.js", &"[".repeat(2_000_000)), ["unreadable"]);
    assert_eq!(fired("a.js", &format!("/*{}*/", " ".repeat(5_000_000))), ["unreadable"]);
    let root = tempfile::tempdir().unwrap();
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).open(root.path().join("a.ts")).unwrap();
    std::io::Write::write_all(&mut file, &[0xff, 0xfe, 0x41]).unwrap();
    let report = guard_scan::scan(root.path(), None).unwrap();
    assert_eq!(report.findings[0].rule, "unreadable");
}

#[test]
fn scripts_of_the_old_kind_and_types_in_javascript_are_read() {
    assert_eq!(fired("a.js", "with (x) { y }\nvar z = 010"), Vec::<String>::new());
    assert_eq!(fired("a.js", "const x: number = 1"), Vec::<String>::new());
    assert_eq!(
        fired("a.cjs", "return require('child_process').execSync('prisma migrate deploy')"),
        ["direct-migrate-deploy"]
    );
    assert_eq!(
        fired("a.js", "#!/usr/bin/env node\nrequire('child_process').execSync('prisma migrate deploy')"),
        ["direct-migrate-deploy"]
    );
}

#[test]
fn long_rows_of_operators_do_not_end_the_process() {
    for text in [
        format!("x = {}1", "1+".repeat(100_000)),
        format!("x = {}1", "!".repeat(100_000)),
        format!("x = {}1", "a=>".repeat(50_000)),
        format!("x = {}1", "a?b:".repeat(50_000)),
        format!("x{}", ".a".repeat(100_000)),
        format!("{}x", "if(a)b;else ".repeat(20_000)),
    ] {
        let _ = fired("a.js", &text);
    }
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_never_leads_out_of_the_repository() {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "x/a.js", "require('child_process').execSync('prisma migrate deploy')");
    let root = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path().join("x"), root.path().join("linked")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("x/a.js"), root.path().join("b.js")).unwrap();
    std::os::unix::fs::symlink("..", root.path().join("loop")).unwrap();
    let report = guard_scan::scan(root.path(), None).unwrap();
    assert_eq!(report.files, 0);
    let found: Vec<(&str, &str)> = report.findings.iter().map(|f| (f.file.as_str(), f.rule.as_str())).collect();
    assert_eq!(found, [("b.js", "unreadable"), ("linked", "unreadable"), ("loop", "unreadable")]);
}

#[test]
fn packages_and_what_git_ignores_are_not_read_and_hidden_folders_are() {
    let bad = "require('child_process').execSync('prisma migrate deploy')";
    let report = scan_with(
        &[
            (".gitignore", "out/\n"),
            ("out/a.js", bad),
            ("node_modules/x/a.js", bad),
            ("packages/a/node_modules/x/a.js", bad),
            (".hidden/a.js", bad),
            (".ignore", "src\n"),
            ("src/a.js", bad),
        ],
        None,
    );
    let files: Vec<&str> = report.findings.iter().map(|finding| finding.file.as_str()).collect();
    assert_eq!(files, [".hidden/a.js", "src/a.js"]);
}

#[test]
fn an_allowance_covers_one_text_and_one_that_is_not_used_is_a_finding() {
    let code = "require('child_process').execSync('prisma migrate deploy')";
    let first = scan_with(&[("a.js", code)], None);
    let digest = Digest::of(first.findings[0].evidence.as_bytes()).as_str().to_owned();
    let entry = ScanAllowance {
        file: "a.js".to_owned(),
        rule: "direct-migrate-deploy".to_owned(),
        digest,
        reason: "test".to_owned(),
    };
    let allowing = policy(vec![entry]);
    let report = scan_with(&[("a.js", code)], Some(&allowing));
    assert_eq!((report.findings.len(), report.allowed.len()), (0, 1));
    let changed = code.replace("deploy'", "deploy --schema x'");
    let report = scan_with(&[("a.js", &changed)], Some(&allowing));
    let rules: Vec<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, ["direct-migrate-deploy", "unused-allowance"]);
    assert_eq!(report.allowed, []);
}

#[test]
fn a_finding_stands_where_the_call_stands_and_shows_no_secret() {
    let code = "import { execSync } from 'child_process'\n\n  execSync('DATABASE_URL=postgres://u:hunter2@h/d npx prisma migrate deploy')\n";
    let report = scan_with(&[("src/a.ts", code)], None);
    assert_eq!(report.findings.len(), 1);
    let finding = &report.findings[0];
    assert_eq!((finding.file.as_str(), finding.line, finding.column), ("src/a.ts", 3, 3));
    assert!(!format!("{report:?}").contains("hunter2"), "{report:?}");
}

#[test]
fn the_result_is_the_same_on_every_run_and_in_order() {
    let files: Vec<(String, String)> = (0..60)
        .map(|n| (format!("src/{n}.js"), "require('child_process').execSync('prisma migrate deploy')".to_owned()))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let first = scan_with(&files, None).findings;
    assert_eq!(first.len(), 60);
    assert!(first.is_sorted());
    assert_eq!(first, scan_with(&files, None).findings);
}

#[test]
fn a_root_that_is_no_folder_is_refused() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "a.js", "");
    for path in [root.path().join("nowhere"), root.path().join("a.js")] {
        assert_eq!(guard_scan::scan(&path, None).unwrap_err().rule.name(), "contract-broken");
    }
}
