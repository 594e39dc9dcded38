// The production database of a shop that has been in business before it adopted the guard: the first two migrations, applied by the real
// Prisma CLI in a project without the guard, and data. And what tests and the demo read from a SQLite file.
// Knows the example's migrations and SQLite's catalogue. Knows nothing of the guard.

import { execFileSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { installSchemaEngine } from './schema-engine/install.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
export const productionData = path.join(here, 'production-data.sql')

/** How many of the example's migrations the database holds before its first guarded deployment. */
export const APPLIED_BEFORE = 2

/** `prisma.config.ts` as it is in a project that has not adopted the guard. */
export const configBefore = `import { defineConfig, env } from 'prisma/config'

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations', seed: 'tsx prisma/seed.ts' },
  datasource: { url: env('DATABASE_URL') }
})
`

/** The names of the example's migrations in `project`, oldest first. */
export function migrationNames(project) {
  return fs.readdirSync(path.join(project, 'prisma/migrations')).filter((name) => /^\d/.test(name)).sort()
}

/** Makes `folder` the project as it was before: the schema, the first migrations, a config without the guard. */
export function projectBefore(project, folder) {
  for (const name of ['schema.prisma', 'migrations/migration_lock.toml', ...migrationNames(project).slice(0, APPLIED_BEFORE).map((each) => `migrations/${each}/migration.sql`)]) {
    fs.mkdirSync(path.dirname(path.join(folder, 'prisma', name)), { recursive: true })
    fs.copyFileSync(path.join(project, 'prisma', name), path.join(folder, 'prisma', name))
  }
  fs.writeFileSync(path.join(folder, 'prisma.config.ts'), configBefore)
}

/**
 * Makes the production database of a test's shop. Prisma makes it once; the next ones are copies.
 * @param {{ project: string, database: string }} shop
 */
export async function productionDatabase({ project, database }) {
  const digest = createHash('sha256').update(configBefore).update(fs.readFileSync(productionData))
  for (const name of migrationNames(project)) digest.update(name).update(fs.readFileSync(path.join(project, 'prisma/migrations', name, 'migration.sql')))
  const made = path.join(os.tmpdir(), `prisma-guard-production-${process.getuid?.() ?? 0}`, `${digest.digest('hex').slice(0, 16)}.db`)
  if (!fs.existsSync(made)) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'prisma-guard-before-'))
    try {
      projectBefore(project, folder)
      fs.symlinkSync(path.join(project, 'node_modules'), path.join(folder, 'node_modules'))
      const env = { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: '1', CHECKPOINT_DISABLE: '1', DATABASE_URL: 'file:./production.db' }
      // By its path, since `node_modules/.bin/prisma` of the shop is the guard's gate by now.
      const prisma = (...words) => execFileSync(process.execPath, [fs.realpathSync(path.join(folder, 'node_modules/prisma/build/index.js')), ...words], { cwd: folder, env, stdio: 'pipe' })
      prisma('migrate', 'deploy')
      prisma('db', 'execute', '--file', productionData)
      fs.mkdirSync(path.dirname(made), { recursive: true, mode: 0o700 })
      const unfinished = `${made}.${randomUUID()}`
      fs.copyFileSync(path.join(folder, 'production.db'), unfinished)
      fs.renameSync(unfinished, made)
    } finally {
      fs.rmSync(folder, { recursive: true, force: true })
    }
  }
  fs.mkdirSync(path.dirname(database), { recursive: true })
  fs.copyFileSync(made, database)
}

// The SQLite library that the engine's stand-in brings; Node 20 has none of its own.
const Database = createRequire(await installSchemaEngine())('libsql')

function query(file, sql) {
  const database = new Database(file, { readonly: true, fileMustExist: true })
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}

/** The number of rows of each table of a SQLite file, by the table's name. */
export function rowCounts(file) {
  const tables = query(file, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
  return Object.fromEntries(tables.map(({ name }) => [name, Number(query(file, `SELECT count(*) AS count FROM "${name}"`)[0].count)]))
}

/** The names of the migrations that finished and were not rolled back, oldest first. */
export function appliedMigrations(file) {
  return query(file, 'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name').map((row) => row.migration_name)
}

/** SHA-256 of what a SQLite database is on disk: its file and the journals beside it. */
export function databaseDigest(file) {
  const digest = createHash('sha256')
  for (const name of ['', '-wal', '-journal']) digest.update(fs.existsSync(file + name) ? fs.readFileSync(file + name) : name)
  return digest.digest('hex')
}
