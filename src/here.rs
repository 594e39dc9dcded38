//! Where the process stands: its working folder, its variables and the policy that holds there.

use crate::execute::package_folder;
use guard_core::context::{self, Context};
use guard_core::policy::{self, LoadedPolicy};
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use guard_core::system::environment::Environment;
use guard_core::system::{files, process};
use guard_core::target::Surroundings;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a call of the package stands.
pub(crate) struct Here {
    pub(crate) environment: Environment,
    pub(crate) working_folder: PathBuf,
    pub(crate) policy: Option<Arc<LoadedPolicy>>,
    pub(crate) root: PathBuf,
}

impl Here {
    /// The working folder is `folder`, or the process's own; then the policy is looked for from this package, too.
    pub(crate) fn new(folder: Option<String>) -> Result<Self, Refusal> {
        let named = folder.is_some();
        let working_folder = working_folder(folder)?;
        let policy = find_policy(&working_folder, named)?;
        Ok(Self::with_policy(working_folder, policy))
    }

    pub(crate) fn with_policy(working_folder: PathBuf, policy: Option<Arc<LoadedPolicy>>) -> Self {
        let root = policy.as_ref().map_or_else(|| project_root(&working_folder), |loaded| loaded.root.clone());
        Here { environment: Environment::of_process(), working_folder, policy, root }
    }

    pub(crate) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            policy: self.policy.as_deref(),
            root: &self.root,
            base: &self.working_folder,
            environment: &self.environment,
        }
    }
}

/// The policy that holds in a folder. A service may be started anywhere, and the package is still in the project that it guards: so where
/// nobody named a folder, the policy of that project holds.
pub(crate) fn find_policy(folder: &Path, named: bool) -> Result<Option<Arc<LoadedPolicy>>, Refusal> {
    match policy::load_remembered(folder)? {
        None if !named => package_folder().map_or(Ok(None), |package| policy::load_remembered(&package)),
        found => Ok(found),
    }
}

/// The kind of this process, read from its variables and its living ancestors.
pub(crate) fn context(environment: &Environment) -> Context {
    let mut lineage: Vec<_> = process::current().into_iter().collect();
    lineage.extend(process::ancestors());
    context::detect(environment, &lineage)
}

/// The folder that a call names, made absolute, or the process's working folder.
pub(crate) fn working_folder(folder: Option<String>) -> Result<PathBuf, Refusal> {
    #[expect(clippy::disallowed_methods, reason = "the one reader of the working folder")]
    let here = std::env::current_dir();
    let here = here.map_err(|error| {
        Refusal::new(
            Rule::InvalidArgument,
            "the working folder cannot be read",
            format!("the operating system says: {error}"),
        )
    })?;
    Ok(folder.map_or_else(|| here.clone(), |folder| here.join(folder)))
}

/// The nearest folder with a package.json, from here upwards; else this folder.
fn project_root(folder: &Path) -> PathBuf {
    folder.ancestors().find(|candidate| files::exists(&candidate.join("package.json"))).unwrap_or(folder).to_path_buf()
}
