//! One adapter for each language: a file's text in, [`Facts`] out. The only rooms that know a parser.

pub(crate) mod javascript;
pub(crate) mod package_json;

use crate::facts::Facts;

/// Whether a file is in a language that is read.
pub(crate) fn is_read(path: &str) -> bool {
    name(path) == "package.json" || javascript::is_script(path)
}

/// The file's own name.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Reads one file after the other and keeps its memory between them, so that memory does not grow with the tree.
#[derive(Default)]
pub(crate) struct Reader {
    arena: oxc_allocator::Allocator,
}

impl Reader {
    /// Reads a file. The error says why it cannot be read.
    pub(crate) fn read(&mut self, path: &str, text: &str, is_deploy_script: bool) -> Result<Facts, String> {
        self.arena.reset();
        if name(path) == "package.json" {
            package_json::read(&self.arena, text)
        } else {
            javascript::read(&self.arena, path, text, is_deploy_script)
        }
    }
}
