//! Real SQLite databases with Prisma's own ledger, and migrations folders, for the tests of `database` and `promotion`.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes its fixtures as a person would"
)]

use guard_core::digest::Digest;
use guard_core::target::{Class, ConnectionString, DatabaseTarget, Endpoint, Provider};
use rusqlite::Connection;
use std::path::Path;

/// Prisma 7.10.1's own table on SQLite (ran).
pub const LEDGER: &str = r#"CREATE TABLE "_prisma_migrations" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)"#;

/// A target of this SQLite file, as the policy would declare it.
pub fn target(path: &Path) -> DatabaseTarget {
    DatabaseTarget {
        class: Class::Production,
        environment: Some("production".into()),
        provider: Some(Provider::Sqlite),
        endpoints: vec![Endpoint { database: Some(path.display().to_string()), ..Endpoint::default() }],
        source: "environment DATABASE_URL".into(),
        url: ConnectionString::new(format!("file:{}", path.display())),
        redacted: format!("file:{}", path.display()),
        matched: None,
        reason: "test".into(),
    }
}

/// A database with a ledger, two related tables and rows.
pub fn shop(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(LEDGER).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE Customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
             CREATE TABLE \"Order \"\"x\" (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES Customer(id));
             INSERT INTO Customer (name) VALUES ('Ada'), ('Grace'), ('Edsger');
             INSERT INTO \"Order \"\"x\" (customer) VALUES (1), (2);",
        )
        .unwrap();
    connection
}

/// Writes a ledger row for a migration.
pub fn apply(connection: &Connection, name: &str, checksum: &str, finished: bool, rolled_back: bool) {
    let count: i64 = connection.query_row("SELECT count(*) FROM _prisma_migrations", [], |row| row.get(0)).unwrap();
    connection
        .execute(
            "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, rolled_back_at, started_at) \
             VALUES (?1, ?2, CASE ?3 WHEN 1 THEN 1763900000000 END, ?4, CASE ?5 WHEN 1 THEN 1763900000000 END, ?6)",
            rusqlite::params![
                format!("id-{count}"),
                checksum,
                finished,
                name,
                rolled_back,
                1_763_900_000_000_i64 + count
            ],
        )
        .unwrap();
}

/// Writes a folder of migrations: name and SQL.
pub fn migrations(folder: &Path, list: &[(&str, &str)]) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("migration_lock.toml"), "# Please do not edit\nprovider = \"sqlite\"\n").unwrap();
    for (name, sql) in list {
        std::fs::create_dir_all(folder.join(name)).unwrap();
        std::fs::write(folder.join(name).join("migration.sql"), sql).unwrap();
    }
}

/// The checksum that Prisma writes for this SQL.
pub fn checksum(sql: &str) -> String {
    Digest::of(sql.as_bytes()).as_str().to_owned()
}
