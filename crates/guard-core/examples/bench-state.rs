//! One write of a record, attestation apart, beside the bare write, fsync, rename, fsync of as many bytes (DESIGN, section 10: under 1.3 times).
//! `cargo run --release -p guard-core --example bench-state [folder]`
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark prints, and its floor is bare")]

use guard_core::ci::{Attest, Attestation, Moment, Proof};
use guard_core::digest::Digest;
use guard_core::refusal::Refusal;
use guard_core::state::{Circumstances, Evidence, Statement, Store, Subject};
use guard_core::system::clock::Timestamp;
use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

const ROUNDS: usize = 500;

/// Signs nothing: what it would take is not part of what is measured.
struct Apart;

impl Attest for Apart {
    fn attest(&self, _digest: &Digest) -> Result<(Attestation, Proof), Refusal> {
        let proof = Proof {
            issuer: "key".to_owned(),
            run: None,
            attempt: None,
            commit: None,
            reference: None,
            actor: None,
            repository: None,
            issued: Timestamp::now(),
            expires: Timestamp::now(),
        };
        Ok((Attestation::Key { signature: "A".repeat(86) }, proof))
    }

    fn verify(&self, digest: &Digest, _attestation: &Attestation, _moment: Moment) -> Result<Proof, Refusal> {
        self.attest(digest).map(|(_, proof)| proof)
    }
}

fn bare(folder: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = folder.join("bare.tmp");
    let mut file = std::fs::File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, folder.join("bare"))?;
    std::fs::File::open(folder)?.sync_all()
}

fn median(mut times: Vec<u128>) -> u128 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn main() -> Result<(), Box<dyn Error>> {
    let place = std::env::args_os().nth(1).unwrap_or_else(|| ".".into());
    let root = tempfile::tempdir_in(place)?;
    let store = Store::open(root.path())?;
    let subject = Subject {
        commit: "1".repeat(40),
        tree: "2".repeat(40),
        migrations: Digest::of(b"migrations"),
        schema: Digest::of(b"schema"),
        target: Digest::of(b"target"),
    };
    let evidence = Evidence::Verification { ledger: Digest::of(b"ledger"), plan: Vec::new(), attacks: 9, scanned: 12 };
    let statement = || Statement::first("production", subject.clone(), evidence.clone(), Circumstances::default());
    store.write(statement()?, &Apart)?;
    let bytes = std::fs::read(store.folder().join(guard_core::state::VERIFICATION_FILE))?;
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    // In turns, so that whatever else the machine does hits both.
    for _ in 0..ROUNDS {
        let start = Instant::now();
        bare(root.path(), &bytes)?;
        floor.push(start.elapsed().as_nanos());
        let start = Instant::now();
        store.write(statement()?, &Apart)?;
        ours.push(start.elapsed().as_nanos());
    }
    let (ours, floor) = (median(ours), median(floor).max(1));
    println!("bare write, fsync, rename, fsync  {floor} ns");
    println!("one record, attestation apart     {ours} ns");
    println!("ratio                             {}.{:02}", ours / floor, ours * 100 / floor % 100);
    Ok(())
}
