//! What the gate decides in real folders: which policies count, and which databases a command would reach.
#![expect(clippy::disallowed_methods, reason = "fixtures are written as a person would write them")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use guard_core::gate::{Custody, Request, custody, decide};
use guard_core::prisma::command_line;
use guard_core::rule::Rule;
use guard_core::system::environment::Environment;
use std::fs;
use std::path::{Path, PathBuf};

const PRODUCTION: &str = "postgresql://deploy:hunter2@db.shop.example:5432/shop";
const POLICY: &str = r#"{ "environments": { "production": { "databases": ["db.shop.example"],
    "attestation": { "kind": "oidc", "issuer": "https://ci.example", "claims": { "ref": "refs/heads/main" } } } } }"#;
/// What an attacker writes beside himself.
const WHITEWASH: &str =
    r#"{ "nonProduction": { "databases": ["db.shop.example", "*.example"], "migrateDeploy": true } }"#;

/// A project that the guard is installed in, and a folder outside it with a policy that calls its production harmless.
struct World {
    _folder: tempfile::TempDir,
    project: PathBuf,
    elsewhere: PathBuf,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (project, elsewhere) = (folder.path().join("shop"), folder.path().join("elsewhere"));
        for (file, text) in [
            (project.join("prisma-guard.json"), POLICY),
            (project.join("package.json"), "{}"),
            (project.join("prisma/schema.prisma"), "datasource db { provider = \"postgresql\" }"),
            (project.join("prisma.config.ts"), "export default { datasource: { url: process.env.DATABASE_URL } }"),
            (project.join("node_modules/@org/prisma-guard/package.json"), "{}"),
            (elsewhere.join("prisma-guard.json"), WHITEWASH),
            (elsewhere.join("prisma.config.ts"), "export default { datasource: { url: process.env.DATABASE_URL } }"),
        ] {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        World { _folder: folder, project, elsewhere }
    }

    fn package(&self) -> PathBuf {
        self.project.join("node_modules/@org/prisma-guard")
    }

    /// The rule that refuses, `None` where the command passes.
    fn rule(&self, command: &str, folder: &Path, package: Option<&Path>) -> Option<Rule> {
        self.rule_with(command, folder, package, &[("DATABASE_URL", PRODUCTION)])
    }

    fn rule_with(
        &self,
        command: &str,
        folder: &Path,
        package: Option<&Path>,
        variables: &[(&str, &str)],
    ) -> Option<Rule> {
        let arguments: Vec<String> =
            command.split(' ').map(|word| word.replace("SHOP", &self.project.display().to_string())).collect();
        let environment: Environment = variables.iter().map(|(name, value)| (*name, *value)).collect();
        let request = Request {
            arguments: &arguments,
            working_folder: folder,
            environment: &environment,
            prisma_major: 7,
            package_folder: package,
        };
        decide(&request).err().map(|refusal| {
            let shown = format!("{refusal} {refusal:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
            refusal.rule
        })
    }
}

#[test]
fn a_policy_elsewhere_whitewashes_nothing_of_the_project_that_the_command_names() {
    let world = World::new();
    for command in [
        "migrate deploy --schema SHOP/prisma/schema.prisma",
        "migrate deploy --config SHOP/prisma.config.ts",
        "migrate reset --force --schema=SHOP/prisma",
        "db push --config=SHOP/prisma.config.ts --accept-data-loss",
    ] {
        assert_eq!(world.rule(command, &world.elsewhere, None), Some(Rule::DirectExecution), "{command}");
    }
}

#[test]
fn the_policy_of_the_project_that_installed_the_guard_counts_wherever_a_command_is_started() {
    let world = World::new();
    let package = world.package();
    for command in ["migrate deploy", "db push", "migrate reset --force", "studio"] {
        assert_eq!(world.rule(command, &world.elsewhere, Some(&package)), Some(Rule::DirectExecution), "{command}");
    }
    // The limit that the threat model names: a guard of the attacker's own project, with the credential in hand.
    assert_eq!(world.rule("db push", &world.elsewhere, None), None);
}

#[test]
fn two_policies_that_disagree_are_read_at_their_worst_in_every_order() {
    let world = World::new();
    let package = world.package();
    let inner = world.project.join("apps/admin");
    fs::create_dir_all(&inner).unwrap();
    fs::write(inner.join("prisma-guard.json"), WHITEWASH).unwrap();
    fs::copy(world.elsewhere.join("prisma.config.ts"), inner.join("prisma.config.ts")).unwrap();
    assert_eq!(world.rule("db push", &inner, Some(&package)), Some(Rule::DirectExecution));
    assert_eq!(
        world.rule(&format!("db push --config {}/prisma.config.ts", inner.display()), &world.project, None),
        Some(Rule::DirectExecution)
    );
}

#[test]
fn a_policy_that_cannot_be_read_refuses_instead_of_not_counting() {
    let world = World::new();
    fs::write(world.project.join("prisma-guard.json"), "{ \"environmens\": {} }").unwrap();
    assert_eq!(world.rule("db push", &world.project, None), Some(Rule::PolicyInvalid));
    assert_eq!(world.rule("db push", &world.elsewhere, Some(&world.package())), Some(Rule::PolicyInvalid));
}

#[test]
fn an_argument_is_a_target_like_any_other() {
    let world = World::new();
    let local = [("DATABASE_URL", "postgresql://localhost:1/shop")];
    let command = format!("db push --url {PRODUCTION}");
    assert_eq!(world.rule_with(&command, &world.project, None, &local), Some(Rule::DirectExecution));
    assert_eq!(world.rule_with("db push", &world.project, None, &local), None);
    let command = "db push --url postgresql://db.unknown.example/shop";
    assert_eq!(world.rule_with(command, &world.project, None, &local), Some(Rule::DirectExecution));
}

#[test]
fn the_custody_hands_the_production_string_to_nobody_who_was_not_let_through() {
    let world = World::new();
    let environment: Environment = [("DATABASE_URL", PRODUCTION)].into_iter().collect();
    let arguments = vec!["validate".to_owned()];
    let request = Request {
        arguments: &arguments,
        working_folder: &world.elsewhere,
        environment: &environment,
        prisma_major: 7,
        package_folder: Some(&world.package()),
    };
    let pass = decide(&request).unwrap();
    assert_eq!(pass.command, command_line::read(&arguments, 7));
    for given in [None, Some(&pass)] {
        for asked in ["DATABASE_URL", PRODUCTION] {
            let Custody::Inert(url) = custody(asked, &request, given).unwrap() else {
                unreachable!("the production string was handed out for {asked}")
            };
            assert!(!url.contains("shop.example") && !url.contains("hunter2"), "{url}");
        }
    }
}
