//! The frozen contract: walks a repository and proves the static rules, one parser adapter per language and one file per rule.
#![forbid(unsafe_code)]
