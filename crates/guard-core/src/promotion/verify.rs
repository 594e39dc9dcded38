//! Verification: the repository, the contract and the database agree, and this is what would be applied.

use super::plan::{self, Plan};
use super::site::{Site, Standing, agrees};
use super::{StepOutcome, World, interrupted, prove, run};
use crate::ci::Attestor;
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::state::{DeploymentLock, Evidence, Statement, Step, Store};

/// Verifies, and leaves the record that backup and deployment stand on.
///
/// # Errors
/// Every rule of a deployment; nothing is written then.
pub fn verify(world: &World<'_>) -> Result<StepOutcome, Refusal> {
    let site = Site::survey(world)?;
    site.doors_are_shut()?;
    let attestor = site.attestor();
    let standing = site.stand(&attestor)?;
    let store = Store::open(&site.policy.root)?;
    // Nobody verifies while somebody deploys: what is settled here would be settled under their feet.
    let _lock = DeploymentLock::acquire(&store, "verification")?;
    interrupted::settle(&store, &site, &standing, &attestor)?;

    let plan = plan::plan(&standing.folder, &standing.ledger)?;
    say_plan(&site, &plan);
    let pending = !plan.pending.is_empty();
    if is_kept(&store, &site, &standing, &attestor)? {
        site.say("verification.passed is there already: genuine, fresh, unused and about the same; it stays");
        return Ok(if pending { StepOutcome::Kept } else { StepOutcome::NothingPending });
    }

    let scanned = contract_holds(&site)?;
    run::validate(&site)?;
    let attacks = attacks_are_refused(&site)?;
    let evidence = Evidence::Verification { ledger: standing.ledger.digest(), plan: plan.pending, attacks, scanned };
    // A chain that has ended goes to the archive whole, before its first record is replaced.
    if store.read(Step::Deployment)?.is_some() {
        store.archive()?;
    }
    let statement = Statement::first(&site.name, standing.subject, evidence, site.circumstances())?;
    store.write(statement, &attestor)?;
    Ok(if pending { StepOutcome::Recorded } else { StepOutcome::NothingPending })
}

fn say_plan(site: &Site<'_>, plan: &Plan) {
    if plan.pending.is_empty() {
        site.say("nothing is pending: the database has every migration");
        return;
    }
    let names: Vec<&str> = plan.pending.iter().map(|migration| migration.name.as_str()).collect();
    site.say(&format!("pending: {}", names.join(", ")));
    for name in &plan.out_of_order {
        site.say(&format!(
            "note: {name} sorts before a migration that is already applied; Prisma applies it all the same"
        ));
    }
}

/// Whether a record is there that need not be made again. One that is not genuine is never replaced in silence.
fn is_kept(store: &Store, site: &Site<'_>, standing: &Standing, attestor: &Attestor<'_>) -> Result<bool, Refusal> {
    if store.read(Step::Verification)?.is_none() {
        return Ok(false);
    }
    match store.require(Step::Verification, &site.expectation(standing), attestor) {
        Ok(record) => Ok(match &record.statement.evidence {
            Evidence::Verification { ledger, plan, .. } => agrees(ledger, plan, standing).is_ok(),
            _ => false,
        }),
        Err(refusal) if refusal.rule == Rule::RecordMismatch => Ok(false),
        // The provider just signed a proof, so it is up: the record's own key is gone, as after a rotation. It opens nothing, and it
        // must not block a runner that keeps its folders.
        Err(refusal) if refusal.rule == Rule::ProofUnavailable => {
            site.say(
                "the records that are there were signed by a key that is no longer published: they go to the archive",
            );
            store.archive()?;
            Ok(false)
        }
        Err(refusal) => Err(refusal),
    }
}

fn contract_holds(site: &Site<'_>) -> Result<u32, Refusal> {
    let report = (site.world.scan)(&site.policy.root)?;
    let Some(first) = report.findings.first() else {
        site.say(&format!("scan: {} files, no findings", report.files));
        return Ok(report.files);
    };
    let more = report.findings.len().saturating_sub(1);
    let more = if more == 0 { String::new() } else { format!(" ({more} more)") };
    Err(Refusal::new(
        Rule::ContractBroken,
        "the static rules of the contract do not hold",
        format!("{}:{}:{} {}: {}{more}", first.file, first.line, first.column, first.rule, first.message),
    )
    .about("file", format!("{}:{}", first.file, first.line), first.rule.clone()))
}

fn attacks_are_refused(site: &Site<'_>) -> Result<u32, Refusal> {
    let attacks = prove::prove(site.world)?;
    if let Some(through) = attacks.iter().find(|attack| !attack.refused) {
        return Err(Refusal::new(
            Rule::ContractBroken,
            format!("an attack on the contract got through: {}", through.name),
            through.detail.clone(),
        )
        .about("attack", through.command.clone(), ""));
    }
    site.say(&format!("proof: {} attacks, all refused", attacks.len()));
    Ok(u32::try_from(attacks.len()).unwrap_or(u32::MAX))
}
