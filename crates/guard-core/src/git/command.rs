//! Running git so that it cannot be made to lie.
//!
//! Knows where git is installed and how it is kept quiet; nothing of what its answers mean.

use super::unavailable;
use crate::refusal::Refusal;
use crate::system::process::{Program, ProgramOutput, run};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where packages install git; never searched for along PATH, where anyone can put another.
const PLACES: &[&str] = &[
    "/usr/bin/git",
    "/usr/local/bin/git",
    "/bin/git",
    "/opt/homebrew/bin/git",
    "/opt/local/bin/git",
    "/usr/pkg/bin/git",
    "/run/current-system/sw/bin/git",
    "C:\\Program Files\\Git\\cmd\\git.exe",
    "C:\\Program Files\\Git\\bin\\git.exe",
];

/// What the checkout's own configuration may not decide (git-config(1)). `safe.directory` counts on the command line (git 2.38, "protected
/// configuration"): containers check out as another user, and nothing of the repository is executed here, since hooks, the file system monitor and
/// filters are off or not asked for.
const SETTINGS: &[&str] = &[
    "safe.directory=*",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "core.excludesFile=/dev/null",
    "core.attributesFile=/dev/null",
    "core.quotePath=false",
    "core.sparseCheckout=false",
    "core.trustctime=true",
    "core.checkStat=default",
    "core.ignoreStat=false",
    "core.preloadIndex=false",
    "core.commitGraph=false",
    "submodule.recurse=false",
];

/// One git call may take a minute.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The list of a repository's files may take 128 MiB.
const MAXIMUM_BYTES: u64 = 128 * 1024 * 1024;

/// A git that is run in one folder.
pub(super) struct Git {
    program: PathBuf,
    folder: PathBuf,
    index: Option<PathBuf>,
}

impl Git {
    /// Finds git.
    pub(super) fn find(folder: &Path) -> Result<Self, Refusal> {
        let program = PLACES.iter().map(Path::new).find(|place| place.is_absolute() && place.is_file());
        let program = program.ok_or_else(|| {
            unavailable("git is not installed", "it is at none of the places where packages install it")
        })?;
        Ok(Git { program: program.to_path_buf(), folder: folder.to_path_buf(), index: None })
    }

    /// The same in another folder.
    pub(super) fn at(&self, folder: &Path) -> Self {
        Git { program: self.program.clone(), folder: folder.to_path_buf(), index: None }
    }

    /// The same with an index of its own.
    pub(super) fn with_index(&self, index: &Path) -> Self {
        Git { program: self.program.clone(), folder: self.folder.clone(), index: Some(index.to_path_buf()) }
    }

    fn call(&self, arguments: &[&str]) -> Result<ProgramOutput, Refusal> {
        let mut words: Vec<&OsStr> = vec![OsStr::new("--literal-pathspecs"), OsStr::new("--no-pager")];
        for setting in SETTINGS {
            words.extend([OsStr::new("-c"), OsStr::new(setting)]);
        }
        words.extend(arguments.iter().map(OsStr::new));
        let mut variables: Vec<(&str, &OsStr)> = vec![
            ("GIT_CONFIG_NOSYSTEM", OsStr::new("1")),
            ("GIT_CONFIG_GLOBAL", OsStr::new("/dev/null")),
            ("GIT_OPTIONAL_LOCKS", OsStr::new("0")),
            ("GIT_NO_REPLACE_OBJECTS", OsStr::new("1")),
            ("GIT_NO_LAZY_FETCH", OsStr::new("1")),
            ("GIT_TERMINAL_PROMPT", OsStr::new("0")),
            ("LC_ALL", OsStr::new("C")),
        ];
        if let Some(index) = &self.index {
            variables.push(("GIT_INDEX_FILE", index.as_os_str()));
        }
        let program = Program {
            file: &self.program,
            arguments: &words,
            variables: &variables,
            folder: &self.folder,
            timeout: TIMEOUT,
            maximum: MAXIMUM_BYTES,
        };
        run(&program).map_err(|error| unavailable("git gives no answer", &error.to_string()))
    }

    /// What git writes, where it ends well.
    pub(super) fn bytes(&self, arguments: &[&str]) -> Result<Vec<u8>, Refusal> {
        let answer = self.call(arguments)?;
        if answer.code != Some(0) {
            let name = arguments.first().copied().unwrap_or_default();
            let said = String::from_utf8_lossy(&answer.errors);
            let said: String =
                said.lines().next().unwrap_or_default().chars().take(200).filter(|c| !c.is_control()).collect();
            return Err(unavailable("the repository cannot be read", &format!("`git {name}` failed: {said}")));
        }
        Ok(answer.output)
    }

    /// One line of text, where git ends well and says something; `None` where it says no.
    pub(super) fn text(&self, arguments: &[&str]) -> Result<Option<String>, Refusal> {
        let answer = self.call(arguments)?;
        let text = String::from_utf8_lossy(&answer.output).trim_end_matches(['\n', '\r']).to_owned();
        Ok((answer.code == Some(0) && !text.is_empty()).then_some(text))
    }
}

/// The parts of an answer with `-z`.
pub(super) fn lines(bytes: &[u8]) -> Vec<String> {
    bytes
        .split(|byte| *byte == 0)
        .filter(|part| !part.is_empty())
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect()
}
