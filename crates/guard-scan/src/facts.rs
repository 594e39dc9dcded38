//! What a language's adapter tells of a file, and all that a rule knows of it: the commands it runs, the variables it sets, what
//! it imports, the clients it creates and the SQL it sends.

use crate::place::Place;

/// Stands in a folded text for a part that only running the program would tell.
pub(crate) const HOLE: char = '\u{fffc}';

/// Whether a text is nothing but unknown.
pub(crate) fn is_unknown(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character == HOLE)
}

/// A command that the file starts: a program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// The program and its arguments; parts that are not known are [`HOLE`].
    pub(crate) words: Vec<String>,
    /// The name of the npm script it stands in; empty elsewhere.
    pub(crate) script: String,
    /// Where.
    pub(crate) place: Place,
}

/// An environment variable that the file sets, for itself or a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VariableWrite {
    /// Its name.
    pub(crate) name: String,
    /// Where.
    pub(crate) place: Place,
}

/// A module that the file loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// What stands between the quotes.
    pub(crate) specifier: String,
    /// Where.
    pub(crate) place: Place,
    /// Whether it is evaluated before the file's own code (`import … from`), in order.
    pub(crate) hoisted: bool,
}

/// A database client that the file creates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// The class: `PrismaClient`, `PrismaPg`.
    pub(crate) class: String,
    /// Where.
    pub(crate) place: Place,
}

/// A text that the file sends to a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    /// The text.
    pub(crate) text: String,
    /// Where.
    pub(crate) place: Place,
}

/// A call of the guard's `execPrismaApproved`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApprovedCall {
    /// What it may be called with: one list for each way to reach the call.
    pub(crate) arguments: Vec<Vec<String>>,
    /// Where.
    pub(crate) place: Place,
}

/// Something in the deploy script that is not its business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// What it is.
    pub(crate) what: &'static str,
    /// Where.
    pub(crate) place: Place,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The commands it starts.
    pub(crate) commands: Vec<Command>,
    /// The variables it sets.
    pub(crate) variables: Vec<VariableWrite>,
    /// The modules it loads.
    pub(crate) imports: Vec<Import>,
    /// The clients it creates.
    pub(crate) clients: Vec<Client>,
    /// The SQL it sends.
    pub(crate) queries: Vec<Query>,
    /// The calls of `execPrismaApproved`.
    pub(crate) approved_calls: Vec<ApprovedCall>,
    /// Where it calls `validateDatabaseUrlEarly` or `assertCi` on its own top level.
    pub(crate) guard_calls: Vec<Place>,
    /// What does not belong into a deploy script; filled for that one only.
    pub(crate) foreign: Vec<Foreign>,
    /// Whether it calls `assertCi`; filled for the deploy script only.
    pub(crate) asserts_ci: bool,
}
