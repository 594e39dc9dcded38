//! The table of CIs: how each names itself, how a token is asked for, and whether its jobs have a terminal.
//!
//! Knows nothing that proves anything: whoever copies the variables gets the same answers.

use super::{CiDetection, Vendor};
use crate::context;
use crate::system::environment::Environment;

/// The two variables by which a job of GitHub Actions (and of Gitea and Forgejo, which copy it) with `id-token: write` asks for a token
/// (docs.github.com, "OpenID Connect reference": "Methods for requesting the OIDC token").
pub(super) const REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
/// See [`REQUEST_URL`].
pub(super) const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

/// One CI.
pub(super) struct Row {
    pub(super) vendor: Vendor,
    /// For people.
    pub(super) name: &'static str,
    /// Set in each of its jobs.
    pub(super) variable: &'static str,
    /// Whether its jobs may have a controlling terminal.
    pub(super) terminal: bool,
}

/// The variables are from each vendor's page of predefined variables.
pub(super) const VENDORS: &[Row] = &[
    // Steps are started by Runner.Worker with redirected streams, without a terminal (actions/runner, ProcessInvoker).
    Row { vendor: Vendor::GithubActions, name: "GitHub Actions", variable: "GITHUB_ACTIONS", terminal: false },
    Row { vendor: Vendor::Gitlab, name: "GitLab CI/CD", variable: "GITLAB_CI", terminal: false },
    // circleci.com/docs: run steps are executed in a pseudo-terminal.
    Row { vendor: Vendor::Circleci, name: "CircleCI", variable: "CIRCLECI", terminal: true },
    // buildkite.com/docs, agent configuration `no-pty`: a pseudo-terminal is the default.
    Row { vendor: Vendor::Buildkite, name: "Buildkite", variable: "BUILDKITE", terminal: true },
    Row { vendor: Vendor::Bitbucket, name: "Bitbucket Pipelines", variable: "BITBUCKET_BUILD_NUMBER", terminal: false },
    Row { vendor: Vendor::AzureDevops, name: "Azure DevOps", variable: "TF_BUILD", terminal: false },
    Row { vendor: Vendor::GoogleCloudBuild, name: "Google Cloud Build", variable: "BUILDER_OUTPUT", terminal: false },
];

/// The vendor that the variables name.
pub(super) fn row(environment: &Environment) -> Option<&'static Row> {
    VENDORS.iter().find(|row| environment.non_empty(row.variable).is_some_and(|value| value != "false"))
}

/// Who is claimed, for people: `GitHub Actions`, `a CI`.
pub(super) fn claimed_name(environment: &Environment) -> Option<&'static str> {
    row(environment).map(|row| row.name).or_else(|| context::continuous_integration_claim(environment).map(|_| "a CI"))
}

pub(super) fn detect(environment: &Environment) -> CiDetection {
    let row = row(environment);
    let can_request_token =
        environment.non_empty(REQUEST_URL).is_some() && environment.non_empty(REQUEST_TOKEN).is_some();
    let claim = row.map(|row| format!("{} is set", row.variable));
    let claim = claim.or_else(|| context::continuous_integration_claim(environment));
    let offer = if can_request_token {
        "the variables offer a way to ask an identity provider for a token"
    } else {
        "nothing offers a way to ask an identity provider for a token"
    };
    let reason = match (&claim, row) {
        (Some(claim), Some(row)) => format!("{claim}, which claims {}; {offer}", row.name),
        (Some(claim), None) => format!("{claim}, which claims a CI without naming a vendor; {offer}"),
        (None, _) => format!("no variable claims that this is CI; {offer}"),
    };
    CiDetection { claimed: claim.is_some(), vendor: row.map(|row| row.vendor), can_request_token, reason }
}
