//! The variables by which test runners, hosting platforms, service managers, coding agents and CIs name themselves.
//!
//! Knows nothing of programs but the few service managers that have no variable of their own. Each entry has its source.

use crate::system::environment::Environment;
use crate::system::process::Process;

/// A variable, and the values that count; none named: any that is not empty.
type Sign = (&'static str, &'static [&'static str]);

fn shown(environment: &Environment, (name, values): &Sign) -> Option<String> {
    let value = environment.non_empty(name)?;
    match values {
        [] => Some(format!("{name} is set")),
        values => values.contains(&value).then(|| format!("{name}={value}")),
    }
}

fn first(environment: &Environment, signs: &[Sign]) -> Option<String> {
    signs.iter().find_map(|sign| shown(environment, sign))
}

const TEST: &[Sign] = &[
    ("NODE_TEST_CONTEXT", &[]), // node:test sets `child` and `child-v8` in the files it runs (nodejs.org, test.html; ran on Node 22)
    ("VITEST", &["true"]),      // vitest.dev, "process.env.VITEST"
    ("JEST_WORKER_ID", &[]),    // jestjs.io, "Environment Variables"
    ("MOCHA_WORKER_ID", &[]),   // mochajs.org, "Parallel tests"
    ("PLAYWRIGHT_TEST", &[]),   // playwright, packages/playwright: set for the runner's workers
    ("TEST_WORKER_INDEX", &[]), // playwright.dev, "Parallelism": worker index
    ("CYPRESS", &["true"]),     // docs.cypress.io, "Environment variables": CYPRESS=true in its processes
    ("TAP", &["1"]),            // node-tap.org, "Environment Variables Used by Tap"
    ("NODE_ENV", &["test"]),    // jest, vitest and bun test set it; so does everyone who means it
];

/// A test runner says that it runs this process.
pub(super) fn test(environment: &Environment) -> Option<String> {
    first(environment, TEST)
}

const PREVIEW: &[Sign] = &[
    ("VERCEL_ENV", &["preview"]),   // vercel.com/docs, "System environment variables"
    ("IS_PULL_REQUEST", &["true"]), // render.com/docs, "Default environment variables"
    ("HEROKU_PR_NUMBER", &[]),      // devcenter.heroku.com, "Review apps: injected environment variables"
    ("AWS_PULL_REQUEST_ID", &[]),   // docs.aws.amazon.com/amplify, "Environment variables"
    ("PLATFORM_ENVIRONMENT_TYPE", &["development", "staging"]), // docs.platform.sh, "Platform.sh-provided variables"
];

/// A hosting platform says that this is a preview.
pub(super) fn preview(environment: &Environment) -> Option<String> {
    // docs.netlify.com, "Environment variables: read-only variables". CONTEXT alone is too common a name.
    if environment.non_empty("NETLIFY").is_some()
        && let Some(because) = shown(environment, &("CONTEXT", &["deploy-preview", "branch-deploy", "preview-server"]))
    {
        return Some(because);
    }
    // docs.railway.com, "PR environments": named after the pull request, `app-pr-12` or `pr-12`.
    if let Some(name) = environment.non_empty("RAILWAY_ENVIRONMENT_NAME")
        && let Some((head, number)) = name.rsplit_once('-')
        && (head == "pr" || head.ends_with("-pr"))
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Some(format!("RAILWAY_ENVIRONMENT_NAME={name}"));
    }
    first(environment, PREVIEW)
}

/// What only a hosting platform sets, and no CI job inherits.
const PLATFORM: &[Sign] = &[
    ("NODE_ENV", &["production"]),     // expressjs.com, "Set NODE_ENV to production"
    ("VERCEL_ENV", &["production"]),   // vercel.com/docs, "System environment variables"
    ("RENDER", &["true"]),             // render.com/docs, "Default environment variables"
    ("DYNO", &[]),                     // devcenter.heroku.com, "Dynos: local environment variables"
    ("FLY_MACHINE_ID", &[]),           // fly.io/docs, "The Machine runtime environment"
    ("RAILWAY_ENVIRONMENT_NAME", &[]), // docs.railway.com, "Variables reference"; previews were asked for before
    ("K_SERVICE", &[]),                // cloud.google.com/run, "Container runtime contract"
    ("GAE_SERVICE", &[]),              // cloud.google.com/appengine, "Runtime environment"
    ("WEBSITE_INSTANCE_ID", &[]),      // learn.microsoft.com, "Environment variables in Azure App Service"
    ("PLATFORM_ENVIRONMENT_TYPE", &["production"]), // docs.platform.sh, "Platform.sh-provided variables"
];

/// What a hosting platform sets, and CI jobs that run on the same platform inherit.
const SHARED_PLATFORM: &[Sign] = &[
    ("KUBERNETES_SERVICE_HOST", &[]),       // kubernetes.io, "Accessing the API from a Pod"
    ("ECS_CONTAINER_METADATA_URI_V4", &[]), // docs.aws.amazon.com/AmazonECS, "Task metadata endpoint version 4"
];

/// A hosting platform, a service manager or NODE_ENV says that this is production.
pub(super) fn production(environment: &Environment, lineage: &[Process]) -> Option<String> {
    if let Some(because) = first(environment, PLATFORM) {
        return Some(because);
    }
    // docs.aws.amazon.com/lambda, "Defined runtime environment variables"; `sam local` says AWS_SAM_LOCAL=true.
    if environment.non_empty("AWS_LAMBDA_FUNCTION_NAME").is_some() && environment.non_empty("AWS_SAM_LOCAL").is_none() {
        return Some("AWS_LAMBDA_FUNCTION_NAME is set".to_owned());
    }
    if environment.non_empty("NETLIFY").is_some()
        && let Some(because) = shown(environment, &("CONTEXT", &["production"]))
    {
        return Some(because);
    }
    if first(environment, CI_VENDORS).is_some() {
        return None;
    }
    first(environment, SHARED_PLATFORM).or_else(|| service_manager(environment, lineage))
}

/// A service manager started this process or an ancestor, and no desktop session stands between.
fn service_manager(environment: &Environment, lineage: &[Process]) -> Option<String> {
    // pm2, lib/Daemon.js: the daemon names itself `PM2 v5.4.2: God Daemon (…)`.
    if environment.non_empty("pm_id").is_some()
        && lineage.iter().any(|process| process.command.first().is_some_and(|word| word.starts_with("PM2 v")))
    {
        return Some("pm2 runs this process".to_owned());
    }
    // systemd.exec(5), "Environment Variables Set or Propagated by the Service Manager": INVOCATION_ID. A desktop session is a service too, of a
    // `systemd --user`, and its shells inherit the variable: neither counts.
    let user_session = lineage.iter().any(|process| process.identity.pid != 1 && process.name == "systemd");
    let terminal = lineage.iter().any(|process| process.terminal);
    (environment.non_empty("INVOCATION_ID").is_some() && !lineage.is_empty() && !user_session && !terminal)
        .then(|| "INVOCATION_ID is set by the service manager".to_owned())
}

/// The variables that a CI vendor sets in its jobs, each from its page of predefined variables.
const CI_VENDORS: &[Sign] = &[
    ("GITHUB_ACTIONS", &["true"]),   // docs.github.com, "Variables reference"
    ("GITLAB_CI", &[]),              // docs.gitlab.com, "Predefined CI/CD variables"
    ("CIRCLECI", &[]),               // circleci.com/docs, "Project values and variables"
    ("BUILDKITE", &[]),              // buildkite.com/docs, "Environment variables"
    ("BITBUCKET_BUILD_NUMBER", &[]), // support.atlassian.com, "Variables and secrets"
    ("TF_BUILD", &[]),               // learn.microsoft.com, "Predefined variables"
    ("BUILDER_OUTPUT", &[]),         // cloud.google.com/build: mounted in every step (ci-info)
    ("CODEBUILD_BUILD_ID", &[]),     // docs.aws.amazon.com/codebuild, "Environment variables in build environments"
    ("JENKINS_URL", &[]),            // jenkins.io, "Using a Jenkinsfile: environment variables"
    ("TEAMCITY_VERSION", &[]),       // jetbrains.com/help/teamcity, "Predefined build parameters"
    ("DRONE", &[]),                  // docs.drone.io, "DRONE"
    ("TRAVIS", &[]),                 // docs.travis-ci.com, "Default environment variables"
];

/// The variable by which a process claims to be CI. `CI=false` and `CI=0` claim nothing.
pub(super) fn continuous_integration(environment: &Environment) -> Option<String> {
    let generic = || {
        let value = environment.non_empty("CI").or_else(|| environment.non_empty("CONTINUOUS_INTEGRATION"))?;
        (!matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "no")).then(|| "CI is set".to_owned())
    };
    first(environment, CI_VENDORS).or_else(generic)
}

/// The variables of coding agents that Prisma 7.9 knows for its own guardrail (read from its source), and the GitHub Actions of such agents.
const CODING_AGENTS: &[Sign] = &[
    ("CLAUDECODE", &[]),
    ("CODEX_THREAD_ID", &[]),
    ("CODEX_CI", &[]),
    ("CODEX_SANDBOX", &[]),
    ("CODEX_SANDBOX_NETWORK_DISABLED", &[]),
    ("GEMINI_CLI", &[]),
    ("QWEN_CODE", &[]),
    ("CURSOR_AGENT", &[]),
    ("COPILOT_CLI", &[]),
    ("OPENCODE", &[]),
    ("OPENCODE_CLIENT", &[]),
    ("CLINE_ACTIVE", &[]),
    ("CRUSH", &[]),
    ("AUGMENT_AGENT", &[]),
    ("ANTIGRAVITY_AGENT", &[]),
    ("AI_AGENT", &[]),
    ("AGENT", &["goose", "amp"]),
    ("OR_APP_NAME", &["Aider"]),
];

/// The variable by which a coding agent says that it set this process off.
pub(super) fn coding_agent(environment: &Environment) -> Option<String> {
    if environment.non_empty("REPLIT_SESSION").is_some_and(|session| session.starts_with("agent-")) {
        return Some("REPLIT_SESSION names an agent".to_owned());
    }
    first(environment, CODING_AGENTS)
}
