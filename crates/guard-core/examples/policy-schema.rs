//! Prints the JSON schema of `prisma-guard.json`: `cargo run -p guard-core --example policy-schema > schema.json`.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

fn main() -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string_pretty(&guard_core::policy::json_schema())?);
    Ok(())
}
