//! Environment variables as a value: taken once, passed down, never read behind anyone's back.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A snapshot of environment variables, taken when one is first asked for. Variables configure nothing in the guard; they are facts about the
/// process, and the least trusted of all. Not `Debug`-printable with values: they hold secrets.
#[derive(Clone)]
pub struct Environment {
    /// Empty until the process's own variables are asked for.
    variables: OnceLock<BTreeMap<String, String>>,
}

impl Environment {
    /// The variables of this process. Names and values that are not UTF-8 are read lossily.
    #[must_use]
    pub const fn of_process() -> Self {
        Environment { variables: OnceLock::new() }
    }

    fn variables(&self) -> &BTreeMap<String, String> {
        self.variables.get_or_init(|| {
            #[expect(clippy::disallowed_methods, reason = "the one reader of the process's environment")]
            std::env::vars_os()
                .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
                .collect()
        })
    }

    /// The value of a variable, also when it is empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables().get(name).map(String::as_str)
    }

    /// The value of a variable that is set and not empty.
    #[must_use]
    pub fn non_empty(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Every variable, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables().iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets a variable in this snapshot only.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let mut variables = self.variables().clone();
        variables.insert(name.into(), value.into());
        self.variables = OnceLock::from(variables);
    }
}

impl Default for Environment {
    /// No variable at all.
    fn default() -> Self {
        Environment { variables: OnceLock::from(BTreeMap::new()) }
    }
}

impl PartialEq for Environment {
    fn eq(&self, other: &Self) -> bool {
        self.variables() == other.variables()
    }
}

impl Eq for Environment {}

impl<Name: Into<String>, Value: Into<String>> FromIterator<(Name, Value)> for Environment {
    fn from_iter<Pairs: IntoIterator<Item = (Name, Value)>>(pairs: Pairs) -> Self {
        let variables: BTreeMap<String, String> =
            pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Environment { variables: OnceLock::from(variables) }
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.variables().keys()).finish()
    }
}
