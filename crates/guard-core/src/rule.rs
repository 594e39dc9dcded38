//! Every rule of the contract: its name, what it means and the way forward. A refusal always names one of these, and a name
//! that was once published is never given another meaning.
//!
//! Knows no target and no reason: those belong to the [`crate::refusal::Refusal`] that cites a rule.

use serde::{Serialize, Serializer};

/// Exit code of a process that was refused by the contract.
pub const EXIT_REFUSED: i32 = 77;
/// Exit code of a process where the guard could not decide, which is refused too: the default is to deny.
pub const EXIT_UNDECIDED: i32 = 78;

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $exit:ident, $meaning:literal, $instead:literal;)+) => {
        /// A rule of the contract. `rules!` below is the single table; documentation and `explain` are made from it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule { $($(#[doc = $doc])+ $variant,)+ }

        impl Rule {
            /// Every rule, in the order of the table.
            pub const ALL: &'static [Rule] = &[$(Rule::$variant,)+];

            /// The rule's published name, in kebab-case.
            #[must_use]
            pub const fn name(self) -> &'static str { match self { $(Rule::$variant => $name,)+ } }

            /// The exit code of a process that this rule refuses: [`EXIT_REFUSED`] or [`EXIT_UNDECIDED`].
            #[must_use]
            pub const fn exit_code(self) -> i32 { match self { $(Rule::$variant => $exit,)+ } }

            /// What the rule protects, in two or three sentences for a person who meets it for the first time.
            #[must_use]
            pub const fn meaning(self) -> &'static str { match self { $(Rule::$variant => $meaning,)+ } }

            /// The way forward that holds in general; a refusal may name a better one.
            #[must_use]
            pub const fn instead(self) -> &'static str { match self { $(Rule::$variant => $instead,)+ } }
        }
    };
}

rules! {
    /// The Prisma CLI was started directly on a production or unknown database.
    DirectExecution = "direct-execution", EXIT_REFUSED,
        "The Prisma CLI never runs directly on a production database, nor on one that nobody declared. `migrate deploy` runs only as a child of the approved deploy script, after every guard has passed; commands that develop or destroy never run there at all. PRISMA_DEPLOYMENT_APPROVED, CI and NODE_ENV open nothing.",
        "merge to main; CI runs `npm run deploy`";
    /// A deployment was started where nothing proves that a CI runs it.
    LocalDeployment = "local-deployment", EXIT_REFUSED,
        "A deployment runs only in CI, and variables prove nothing: the CI's identity provider must sign a fresh challenge for the repository, branch and environment that the policy names, and no editor, terminal or coding agent may stand above the process where that vendor's jobs have none.",
        "merge to main; CI runs `npm run deploy`";
    /// A development or test process holds a connection string that reaches production or an undeclared database.
    DatabaseUrlMisuse = "database-url-misuse", EXIT_REFUSED,
        "A development, test or CI process that holds a connection string to a production database ends before any Prisma client is created and before any socket opens. A remote database that the policy does not name counts as production.",
        "use a local database, or declare the database in prisma-guard.json under nonProduction.databases if it holds nothing that matters";
    /// A deployment step was started before the step it needs.
    StepOrder = "step-order", EXIT_REFUSED,
        "Deployment steps are locked in order: verification, then backup, then deployment. Each needs the genuine, fresh, unused record of the one before, about the same commit, migrations, database and CI run.",
        "run `npm run deploy`, which takes the steps in order";
    /// A record is not what its attestation attests.
    RecordNotGenuine = "record-not-genuine", EXIT_REFUSED,
        "A record in .deployment-state/ is signed through the CI's identity provider. One that was edited, copied from another deployment or written by hand is never used, replaced or repaired in silence.",
        "find out who wrote it; then start the job again from a clean checkout, where the folder is empty";
    /// A record is genuine, but about something else, too old, or used up.
    RecordMismatch = "record-mismatch", EXIT_REFUSED,
        "A record opens the next step only for the same commit, migrations, schema, database and CI run, within the policy's maxAge, and once.",
        "run `npm run deploy` again from the start";
    /// The working tree is not exactly the commit that CI was asked to deploy.
    UncleanGit = "unclean-git", EXIT_REFUSED,
        "Production changes only from a clean git state: the commit in the proof, the commit of HEAD and the content on disk agree.",
        "commit or remove what differs, and let CI deploy the commit";
    /// Another deployment holds the lock.
    DeploymentLocked = "deployment-locked", EXIT_REFUSED,
        "One deployment at a time: the lock is the operating system's, so it is freed when its holder ends, however it ends.",
        "wait until the other deployment has ended, then run `npm run deploy` again";
    /// A backup is missing, incomplete or no longer where the record says.
    BackupNotProven = "backup-not-proven", EXIT_REFUSED,
        "Nothing is deployed without a backup that was opened, checked and compared with the live database, in a store that outlives the job and is asked again at deploy time.",
        "run `npm run backup:production` again and look at what the store holds";
    /// What is to be deployed does not stand up to verification.
    VerificationFailed = "verification-failed", EXIT_REFUSED,
        "Before anything is deployed the repository and the database must agree: no failed migration, none edited after it was applied, none applied that the repository lacks, a valid schema, and the plan that was verified is the plan that deploys.",
        "mend what the reason names, commit it, and run `npm run deploy` again";
    /// An attack on the contract got through, or the static rules do not hold.
    ContractBroken = "contract-broken", EXIT_REFUSED,
        "The contract is proven before every deployment: the attacks of `prisma-guard prove` are refused and `prisma-guard scan` finds nothing. While one gets through, nothing deploys.",
        "run `npx prisma-guard prove` and `npx prisma-guard scan`, and mend what they name";
    /// An environment variable that changes what Prisma does is set on a database that is not local.
    BehaviourOverride = "behaviour-override", EXIT_REFUSED,
        "Variables that replace Prisma's engines, skip its checks or load other code into it are refused on anything but a local database.",
        "unset the variable; a mirror or an engine of your own goes into the policy with its SHA-256";
    /// A door to the Prisma CLI is open where it must be shut.
    GuardNotInstalled = "guard-not-installed", EXIT_REFUSED,
        "What enforces refuses to work while node_modules/.bin/prisma is not the gate: an install that ran without scripts leaves the real CLI there.",
        "run `npx prisma-guard install`";
    /// There is no policy where one is needed.
    PolicyMissing = "policy-missing", EXIT_UNDECIDED,
        "Without prisma-guard.json nobody has said which databases are production, so everything that is not provably local counts as production and nothing deploys.",
        "run `npx prisma-guard init`, or write prisma-guard.json at the project's root";
    /// The policy cannot be read or does not mean anything.
    PolicyInvalid = "policy-invalid", EXIT_UNDECIDED,
        "The policy is read strictly: unknown keys, wrong types and patterns that match nothing are errors, since a typing error in it would open a door.",
        "mend prisma-guard.json at the line named";
    /// A connection string cannot be parsed.
    DatabaseUrlInvalid = "database-url-invalid", EXIT_UNDECIDED,
        "A connection string that cannot be read cannot be classified, and what cannot be classified is refused.",
        "mend the connection string";
    /// The project has no Prisma, or one of a version whose commands are not known.
    PrismaNotFound = "prisma-not-found", EXIT_UNDECIDED,
        "The gate runs the project's own Prisma CLI, whose version decides how a command line is read.",
        "install prisma in this project (5.22, 6.19 or 7.10), then run `npx prisma-guard install`";
    /// The migrations or the schema are missing or unreadable.
    MigrationsInvalid = "migrations-invalid", EXIT_UNDECIDED,
        "A deployment is about a folder of migrations and a schema: both are read, digested and compared with the database before anything runs.",
        "restore the folder from git";
    /// There is no git, or no repository.
    GitUnavailable = "git-unavailable", EXIT_UNDECIDED,
        "A deployment is about a commit. Without git, or outside a repository, there is none to speak of.",
        "install git, and run the deployment in a checkout of the repository";
    /// The folder of records cannot be trusted or used.
    StateFolderUnsafe = "state-folder-unsafe", EXIT_UNDECIDED,
        "Records are written only into a real folder of this project that nobody else can write to: never through a symbolic link, never into a file, a pipe or somebody else's folder.",
        "remove what stands at .deployment-state and run `npm run deploy` again";
    /// Something could not be written or read back.
    StorageFailed = "storage-failed", EXIT_UNDECIDED,
        "Records and backups are written completely and durably or not at all. On a full or read-only disk the step fails and what was there before stays.",
        "free space or mount the disk writable, then run the step again";
    /// The identity provider of the policy could not be asked or does not answer as it should.
    ProofUnavailable = "proof-unavailable", EXIT_UNDECIDED,
        "The proof of CI needs the identity provider that the policy names: its published keys verify what it signed. When it cannot be reached, nothing is decided in its place.",
        "see whether the provider is up and reachable from the runner, then run the job again";
    /// The database cannot be reached or read.
    DatabaseUnavailable = "database-unavailable", EXIT_UNDECIDED,
        "The database itself is asked before and after a deployment. One that does not exist is never created by accident.",
        "see that the database exists and that the job may read it";
    /// An argument makes no sense to the guard.
    InvalidArgument = "invalid-argument", EXIT_UNDECIDED,
        "An argument that the guard cannot read is never guessed at.",
        "look at the types in index.d.ts, or `npx prisma-guard --help`";
    /// A defect of the guard itself.
    InternalError = "internal-error", EXIT_UNDECIDED,
        "The guard met something that it was not built for. It refuses, since the default is to deny.",
        "report it with the output of `npx prisma-guard doctor`";
}

impl Rule {
    /// The rule of a published name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Rule> {
        Rule::ALL.iter().copied().find(|rule| rule.name() == name)
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn names_are_unique_kebab_case_and_found_again() {
        for rule in Rule::ALL {
            assert!(rule.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{rule}");
            assert_eq!(Rule::from_name(rule.name()), Some(*rule));
        }
    }
}
