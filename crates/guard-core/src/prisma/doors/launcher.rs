//! The launcher that stands in `node_modules/.bin/prisma`: how it is written, and how it is recognised.
//!
//! Holds no decision: it only requires the package's own `bin/prisma.js`. Where that is gone, requiring it fails and nothing runs.

use crate::digest::Digest;
use crate::system::files;
use std::path::{Component, Path, PathBuf};

/// Who runs a launcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shell {
    /// Node, by the first line.
    Node,
    /// Windows' cmd.
    Command,
    /// PowerShell.
    Powershell,
}

/// What stands in a door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing.
    Nothing,
    /// A link or a package manager's launcher that leads into our package.
    OurPackage,
    /// Our launcher, whole.
    OurLauncher,
    /// Our launcher, changed, or leading nowhere.
    BrokenLauncher,
    /// Something else, in a sentence.
    Other(String),
}

const MARKER: &str = "prisma-guard launcher";
const PACKAGE: &str = "@org/prisma-guard";

/// The launcher's text. `launcher` is the package's `bin/prisma.js`.
pub(super) fn content(bin: &Path, launcher: &Path, shell: Shell) -> String {
    write(shell, &path_from(bin, launcher))
}

fn write(shell: Shell, required: &str) -> String {
    let (head, comment, body) = match shell {
        Shell::Node => {
            let path = serde_json::Value::from(required).to_string();
            ("#!/usr/bin/env node\n", "//", format!("'use strict'\nrequire({path})\n"))
        }
        Shell::Command => ("@ECHO off\r\n", "REM", "node \"%~dp0\\prisma\" %*\r\n".to_owned()),
        Shell::Powershell => ("", "#", "& node \"$PSScriptRoot/prisma\" @args\nexit $LASTEXITCODE\n".to_owned()),
    };
    let end = if shell == Shell::Command { "\r\n" } else { "\n" };
    let digest = Digest::of(body.as_bytes());
    format!("{head}{comment} {MARKER} {} sha256:{digest}{end}{body}", env!("CARGO_PKG_VERSION"))
}

/// How the launcher in `.bin` names the package's file: the installed package by its place beside `.bin` (which holds when the
/// package is a link into a store, too), else relative to `.bin`, else absolute.
fn path_from(bin: &Path, launcher: &Path) -> String {
    let beside = "../@org/prisma-guard/bin/prisma.js";
    let installed = bin.join(beside);
    if files::exists(&installed) && files::real_path(&installed) == files::real_path(launcher) {
        return beside.to_owned();
    }
    relative(&files::real_path(bin), &files::real_path(launcher)).to_string_lossy().replace('\\', "/")
}

fn relative(from: &Path, to: &Path) -> PathBuf {
    let common = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    if !matches!(from.components().next(), Some(Component::RootDir | Component::Prefix(_))) || common == 0 {
        return to.to_path_buf();
    }
    let mut path: PathBuf = from.components().skip(common).map(|_| Component::ParentDir).collect();
    if path.as_os_str().is_empty() {
        path.push(".");
    }
    path.extend(to.components().skip(common));
    path
}

/// What stands at this path.
pub(super) fn seen(path: &Path, shell: Shell) -> Seen {
    if !files::exists(path) {
        return Seen::Nothing;
    }
    let real = files::real_path(path);
    let linked =
        real.file_name() != path.file_name() || real.parent() != path.parent().map(files::real_path).as_deref();
    if linked && belongs_to_us(&real) {
        return Seen::OurPackage;
    }
    let Ok(text) = files::read_text(path, files::MAXIMUM_TEXT_BYTES) else {
        return Seen::Other(
            if linked { "a link that leads nowhere" } else { "something that is not a text file" }.to_owned(),
        );
    };
    if linked {
        return Seen::Other(format!("a link to {}", real.display()));
    }
    if text.lines().take(3).any(|line| line.contains(MARKER)) {
        return if is_whole(path, &text, shell) { Seen::OurLauncher } else { Seen::BrokenLauncher };
    }
    Seen::Other("the package manager's launcher of the real CLI, or a file of somebody else".to_owned())
}

/// Whether our launcher stands here, whole or not.
pub(super) fn is_ours(path: &Path, shell: Shell) -> bool {
    matches!(seen(path, shell), Seen::OurLauncher | Seen::BrokenLauncher)
}

/// Whole: exactly what would be written, of any version, and it leads into our package. The digest in the marker is of the body.
fn is_whole(path: &Path, text: &str, shell: Shell) -> bool {
    let required = match shell {
        Shell::Node => text.lines().find_map(|line| {
            let path = line.strip_prefix("require(")?.strip_suffix(')')?;
            serde_json::from_str::<String>(path).ok()
        }),
        Shell::Command | Shell::Powershell => Some(String::new()),
    };
    let Some(required) = required else { return false };
    let leads = match shell {
        Shell::Node => path.parent().is_some_and(|bin| {
            let file = files::real_path(&bin.join(&required));
            files::exists(&file) && belongs_to_us(&file)
        }),
        Shell::Command | Shell::Powershell => path.with_extension("").exists(),
    };
    leads && without_version(text) == without_version(&write(shell, &required))
}

/// The text with the version in the marker's line taken out.
fn without_version(text: &str) -> Option<String> {
    let (head, tail) = text.split_once(MARKER)?;
    let (_version, tail) = tail.trim_start().split_once(' ')?;
    Some(format!("{head}{tail}"))
}

/// Whether a file is in a package that calls itself ours: the nearest package.json says whose file it is, as for Node. A package that is
/// nested in ours, a copy of the real CLI for one, is another's.
fn belongs_to_us(file: &Path) -> bool {
    #[derive(serde::Deserialize)]
    struct Package {
        name: Option<String>,
    }
    let nearest =
        file.ancestors().skip(1).take(4).map(|folder| folder.join("package.json")).find(|it| files::exists(it));
    nearest
        .and_then(|manifest| files::read_text(&manifest, files::MAXIMUM_TEXT_BYTES).ok())
        .and_then(|text| serde_json::from_str::<Package>(&text).ok())
        .is_some_and(|package| package.name.as_deref() == Some(PACKAGE))
}
