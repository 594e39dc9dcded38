//! The folder of records: opened safely, read strictly, written whole, and what is over is moved into its archive.
//!
//! Knows the files' names and the order in which they are written; which record opens which step is decided in `chain`.

use super::file::{MAXIMUM_RECORD_BYTES, from_bytes, to_bytes};
use super::{Evidence, FOLDER_NAME, Outcome, Record, Statement, Step};
use crate::ci::{Attest, Attestation, Proof};
use crate::digest::Digest;
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::clock::Timestamp;
use crate::system::folder::{Folder, FolderError};
use std::io;
use std::path::Path;

/// The record of verification.
pub const VERIFICATION_FILE: &str = "verification.passed";
/// The record of the backup.
pub const BACKUP_FILE: &str = "backup.completed";
/// The record of a deployment that was completed.
pub const COMPLETED_FILE: &str = "deployment.completed";
/// The record of a deployment that was started, or that failed.
pub const FAILED_FILE: &str = "deployment.failed";
const ARCHIVE: &str = "archive";

/// Temporary files older than this, in seconds, were left by a crash.
const LEFTOVER_AGE: i64 = 3600;

/// The folder of records of one project, found safe to use and held open.
#[derive(Debug)]
pub struct Store {
    pub(super) folder: Folder,
}

impl Store {
    /// Opens (and creates, 0700) `.deployment-state` in the project's root, and removes what writers that crashed more than an hour ago
    /// left in it.
    ///
    /// # Errors
    /// Rule `state-folder-unsafe` for a symbolic link, another kind of file, another owner or open permissions; `storage-failed`
    /// where it cannot be created.
    pub fn open(root: &Path) -> Result<Self, Refusal> {
        let path = root.join(FOLDER_NAME);
        let folder = Folder::create(&path).map_err(|error| folder_refused(&path, &error))?;
        folder.remove_leftovers(Timestamp::now(), LEFTOVER_AGE);
        Ok(Store { folder })
    }

    /// The same without creating or removing anything; `None` where there is no folder.
    ///
    /// # Errors
    /// Rule `state-folder-unsafe` as [`Store::open`].
    pub fn look(root: &Path) -> Result<Option<Self>, Refusal> {
        let path = root.join(FOLDER_NAME);
        let folder = Folder::open(&path).map_err(|error| folder_refused(&path, &error))?;
        Ok(folder.map(|folder| Store { folder }))
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The record of a step as it stands in the folder: parsed, its attestation not yet verified.
    ///
    /// For the deployment there may be two files for the moment between two writes, or because one was put there. Of one chain,
    /// `deployment.completed` counts, since it is only ever written after the other. Of two, the one of verification's chain counts; where
    /// that does not decide, `deployment.failed` does.
    ///
    /// # Errors
    /// Rule `record-not-genuine` for anything that this package did not write (unparsable, too large, not a regular file, duplicate keys).
    pub fn read(&self, step: Step) -> Result<Option<Record>, Refusal> {
        match step {
            Step::Verification => self.read_file(VERIFICATION_FILE, step),
            Step::Backup => self.read_file(BACKUP_FILE, step),
            Step::Deployment => match (self.read_file(COMPLETED_FILE, step)?, self.read_file(FAILED_FILE, step)?) {
                (Some(completed), Some(failed)) => {
                    let verified = self.read_file(VERIFICATION_FILE, Step::Verification)?;
                    let chain = verified.as_ref().map(|record| record.statement.chain.as_str());
                    let one_chain = completed.statement.chain == failed.statement.chain;
                    let counts = one_chain || chain == Some(completed.statement.chain.as_str());
                    Ok(Some(if counts { completed } else { failed }))
                }
                (completed, failed) => Ok(completed.or(failed)),
            },
        }
    }

    /// One file of the folder, which has to hold the record of this step and of an outcome that belongs there.
    pub(super) fn read_file(&self, name: &str, step: Step) -> Result<Option<Record>, Refusal> {
        let record = read_in(&self.folder, name)?;
        match &record {
            Some(record) if record.statement.step != step => Err(not_genuine(
                name,
                format!("it states the step {}, which has another file", record.statement.step.name()),
            )),
            Some(record) if file_of(&record.statement) != name => {
                Err(not_genuine(name, "it states an outcome that has another file"))
            }
            _ => Ok(record),
        }
    }

    /// Has a statement attested and writes its record; what came after that step is voided (moved into the archive).
    ///
    /// The statement has to stand on the folder's record of the step before it. A deployment is written ahead: [`Outcome::Started`] goes to
    /// `deployment.failed`, once a chain; [`Outcome::Completed`] goes to `deployment.completed`, and only then is the other removed.
    ///
    /// # Errors
    /// As [`crate::ci::Attestor::attest`]; `step-order` and `record-mismatch` where the statement does not stand on what is in the folder;
    /// `record-not-genuine` where something that this package did not write would be replaced; `storage-failed` where it cannot be
    /// written: then the old record stands.
    pub fn write(&self, statement: Statement, attestor: &dyn Attest) -> Result<Record, Refusal> {
        self.stands_on_the_folder(&statement)?;
        let digest = statement.digest()?;
        let (attestation, proof) = attestor.attest(&digest)?;
        super::chain::clock_agrees(&statement, &attestation, &proof)?;
        self.write_attested(statement, attestation)
    }

    fn write_attested(&self, statement: Statement, attestation: Attestation) -> Result<Record, Refusal> {
        let name = file_of(&statement);
        let record = Record { statement, attestation };
        let bytes = to_bytes(&record)?;
        // What is in the way is read before anything is written: nothing that this package did not write is replaced in silence.
        self.read_file(name, record.statement.step)?;
        let later = self.later_records(record.statement.step)?;
        let places = later
            .iter()
            .map(|(name, chain)| self.voided_folder(chain).map(|folder| (*name, folder)))
            .collect::<Result<Vec<_>, _>>()?;
        self.folder.write(name, &bytes).map_err(|error| self.write_failed(name, &error))?;
        for (later, place) in &places {
            self.move_into(later, place)?;
        }
        if !places.is_empty() {
            self.folder.sync().map_err(|error| self.write_failed(ARCHIVE, &error))?;
        }
        if name == COMPLETED_FILE {
            // The completed record is durable by now. If this removal is lost in a crash, both are there, and `read` knows.
            self.folder.remove(FAILED_FILE).map_err(|error| self.write_failed(FAILED_FILE, &error))?;
        }
        Ok(record)
    }

    fn stands_on_the_folder(&self, statement: &Statement) -> Result<(), Refusal> {
        let Some(before) = statement.step.before() else { return Ok(()) };
        let record = self.read(before)?.ok_or_else(|| missing(statement.step, before))?;
        let previous: Option<Digest> = Some(record.statement.digest()?);
        if statement.chain != record.statement.chain || statement.previous != previous {
            return Err(mismatch(
                file_of(statement),
                format!("the record of {} was replaced while {} ran", before.name(), statement.step.name()),
            ));
        }
        if let Evidence::Deployment { outcome, .. } = &statement.evidence {
            let current = self.read(Step::Deployment)?.filter(|current| current.statement.chain == statement.chain);
            match (outcome, current) {
                (Outcome::Started, Some(_)) => {
                    return Err(used_up(file_of(statement), "a deployment of it was started before"));
                }
                (Outcome::Completed | Outcome::Failed, None) => {
                    return Err(Refusal::new(
                        Rule::StepOrder,
                        "a deployment has no outcome before it was started",
                        format!("{FAILED_FILE}, which is written ahead, is not there"),
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The files of the steps after this one, and the chain of each.
    fn later_records(&self, step: Step) -> Result<Vec<(&'static str, String)>, Refusal> {
        let mut later = Vec::new();
        for (name, of) in FILES {
            if of > step
                && let Some(record) = self.read_file(name, of)?
            {
                later.push((name, record.statement.chain));
            }
        }
        Ok(later)
    }

    /// Moves the folder's records into `archive/<chain>/`, once a chain has ended or was given up. Where that place is taken, into
    /// `archive/<chain>/voided-<n>/`.
    ///
    /// # Errors
    /// `storage-failed`; `record-not-genuine` where a record cannot be read, and `state-folder-unsafe` for an archive that is no folder of
    /// ours.
    pub fn archive(&self) -> Result<(), Refusal> {
        let mut records = Vec::new();
        for (name, step) in FILES {
            if let Some(record) = self.read_file(name, step)? {
                records.push((name, record.statement.chain));
            }
        }
        for (name, chain) in &records {
            let place = self.chain_folder(chain)?;
            let taken = place.holds(name).map_err(|error| self.write_failed(ARCHIVE, &error))?;
            let place = if taken { self.voided_folder(chain)? } else { place };
            self.move_into(name, &place)?;
        }
        if records.is_empty() { Ok(()) } else { self.folder.sync().map_err(|error| self.write_failed(ARCHIVE, &error)) }
    }

    fn move_into(&self, name: &str, place: &Folder) -> Result<(), Refusal> {
        let moved = self.folder.move_to(name, place, name).and_then(|()| place.sync());
        moved.map_err(|error| self.write_failed(name, &error))
    }

    fn chain_folder(&self, chain: &str) -> Result<Folder, Refusal> {
        let archive =
            self.folder.create_folder(ARCHIVE).map_err(|error| folder_refused(&self.folder().join(ARCHIVE), &error))?;
        archive.create_folder(chain).map_err(|error| folder_refused(&archive.path().join(chain), &error))
    }

    fn voided_folder(&self, chain: &str) -> Result<Folder, Refusal> {
        let chain = self.chain_folder(chain)?;
        let refused = |error: &FolderError| folder_refused(chain.path(), error);
        for number in 1..=10_000 {
            let name = format!("voided-{number}");
            let there = chain.open_folder(&name).map_err(|error| refused(&error))?;
            let folder = there.map_or_else(|| chain.create_folder(&name), Ok).map_err(|error| refused(&error))?;
            if folder.names().map_err(|error| refused(&error.into()))?.is_empty() {
                return Ok(folder);
            }
        }
        Err(storage_failed(chain.path(), "it holds ten thousand voided steps"))
    }

    /// Whether the archive holds a deployment of this chain.
    pub(super) fn archive_has_deployed(&self, chain: &str) -> Result<bool, Refusal> {
        let refused = |error: &FolderError| folder_refused(&self.folder().join(ARCHIVE), error);
        let Some(archive) = self.folder.open_folder(ARCHIVE).map_err(|error| refused(&error))? else {
            return Ok(false);
        };
        let Some(folder) = archive.open_folder(chain).map_err(|error| refused(&error))? else { return Ok(false) };
        let names = folder.names().map_err(|error| refused(&error.into()))?;
        let deployed = |names: &[String]| names.iter().any(|name| name == COMPLETED_FILE || name == FAILED_FILE);
        if deployed(&names) {
            return Ok(true);
        }
        for name in names.iter().filter(|name| name.starts_with("voided-")) {
            if let Some(voided) = folder.open_folder(name).map_err(|error| refused(&error))?
                && deployed(&voided.names().map_err(|error| refused(&error.into()))?)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn write_failed(&self, name: &str, error: &io::Error) -> Refusal {
        if error.kind() == io::ErrorKind::InvalidData {
            return not_genuine(name, format!("it is {error}"));
        }
        storage_failed(&self.folder().join(name), error.to_string())
    }
}

/// The files of the folder, in the order of their steps.
pub(super) const FILES: [(&str, Step); 4] = [
    (VERIFICATION_FILE, Step::Verification),
    (BACKUP_FILE, Step::Backup),
    (FAILED_FILE, Step::Deployment),
    (COMPLETED_FILE, Step::Deployment),
];

/// The file that holds the record of a statement.
#[must_use]
pub(super) fn file_of(statement: &Statement) -> &'static str {
    match &statement.evidence {
        Evidence::Verification { .. } => VERIFICATION_FILE,
        Evidence::Backup { .. } => BACKUP_FILE,
        Evidence::Deployment { outcome: Outcome::Completed, .. } => COMPLETED_FILE,
        Evidence::Deployment { .. } => FAILED_FILE,
    }
}

fn read_in(folder: &Folder, name: &str) -> Result<Option<Record>, Refusal> {
    let bytes = folder.read(name, MAXIMUM_RECORD_BYTES).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => not_genuine(name, format!("it is {error}")),
        _ => Refusal::new(
            Rule::StorageFailed,
            format!("the record {name} cannot be read"),
            format!("{}: {error}", folder.path().join(name).display()),
        ),
    })?;
    bytes.map(|bytes| from_bytes(&bytes).map_err(|error| not_genuine(name, error.to_string()))).transpose()
}

pub(super) fn missing(step: Step, before: Step) -> Refusal {
    let file = match before {
        Step::Verification => VERIFICATION_FILE,
        Step::Backup => BACKUP_FILE,
        Step::Deployment => COMPLETED_FILE,
    };
    Refusal::new(
        Rule::StepOrder,
        format!("{} needs the record of {}", step.name(), before.name()),
        format!("{FOLDER_NAME}/{file} is not there"),
    )
}

pub(super) fn not_genuine(name: &str, why: impl Into<String>) -> Refusal {
    Refusal::new(Rule::RecordNotGenuine, format!("the record {name} is not what this package wrote"), why).about(
        "record",
        format!("{FOLDER_NAME}/{name}"),
        "",
    )
}

pub(super) fn mismatch(name: &str, why: impl Into<String>) -> Refusal {
    Refusal::new(Rule::RecordMismatch, format!("the record {name} does not open this step"), why).about(
        "record",
        format!("{FOLDER_NAME}/{name}"),
        "",
    )
}

pub(super) fn used_up(name: &str, why: &str) -> Refusal {
    Refusal::new(Rule::RecordMismatch, "the records of this deployment are used up", why).about(
        "record",
        format!("{FOLDER_NAME}/{name}"),
        "",
    )
}

pub(super) fn storage_failed(path: &Path, why: impl Into<String>) -> Refusal {
    Refusal::new(Rule::StorageFailed, format!("{} cannot be written", path.display()), why)
}

fn folder_refused(path: &Path, error: &FolderError) -> Refusal {
    match error {
        FolderError::Unsafe(why) => {
            Refusal::new(Rule::StateFolderUnsafe, format!("{} is not used for records", path.display()), why.clone())
                .about("folder", path.display().to_string(), "")
        }
        FolderError::System(error) => storage_failed(path, error.to_string()),
    }
}

/// The proof of a record, with the record named where a refusal names nothing else.
pub(super) fn verified(record: &Record, attestor: &dyn Attest) -> Result<Proof, Refusal> {
    let digest = record.statement.digest()?;
    attestor.verify(&digest, &record.attestation, crate::ci::Moment::Recorded).map_err(|refusal| {
        let name = format!("{FOLDER_NAME}/{}", file_of(&record.statement));
        if refusal.target.is_none() { refusal.about("record", name, "") } else { refusal }
    })
}
