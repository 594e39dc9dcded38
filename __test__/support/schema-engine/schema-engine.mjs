#!/usr/bin/env node
// schema-engine: a drop-in stand-in for Prisma's native `schema-engine-<platform>` binary.
// Speaks the same argv + JSON-RPC-over-stdio protocol, but runs the REAL schema engine that
// Prisma publishes on npm as WebAssembly (@prisma/schema-engine-wasm) on a REAL driver adapter.
// Use: PRISMA_SCHEMA_ENGINE_BINARY=/abs/path/schema-engine.mjs prisma migrate deploy
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import readline from 'node:readline'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'

const argv = process.argv.slice(2)
const log = (level, fields) =>
  process.stderr.write(JSON.stringify({ timestamp: new Date().toISOString(), level, fields, target: level === 'ERROR' ? 'schema_engine::logger' : 'schema_engine' }) + '\n')

// ---- argv (same flags as the native binary) ---------------------------------------------------
const opt = { datamodels: [], datasource: undefined, cli: undefined }
const CLI = ['can-connect-to-database', 'create-database', 'drop-database']
for (let i = 0; i < argv.length; i++) {
  const a = argv[i]
  if (a === '--datamodels' || a === '--datamodel' || a === '-d') opt.datamodels.push(argv[++i])
  else if (a === '--datasource') { const v = argv[++i]; opt.datasource = v.startsWith('{') ? JSON.parse(v) : { url: v } } // 7.x: JSON; <= 6.x `cli --datasource URL`
  else if (a === '--enabled-preview-features' || a === '--extension-types') i++
  else if (a === '--version') { // must print the expected engines hash when installed as node_modules/@prisma/engines/schema-engine-<target>
    let v = 'wasm-bridge'
    try { v = createRequire(path.resolve(process.argv[1]))('@prisma/engines-version').enginesVersion } catch {}
    console.log('schema-engine-cli ' + v); process.exit(0)
  }
  else if (CLI.includes(a)) opt.cli = a
}
const files = opt.datamodels.map((p) => [p, fs.readFileSync(p, 'utf8')])

// ---- which database? --------------------------------------------------------------------------
function fromSchema(name, text = files.map(([, t]) => t).join('\n')) {
  const block = /datasource\s+\w+\s*\{([\s\S]*?)\}/.exec(text)?.[1] ?? ''
  const m = new RegExp(`^\\s*${name}\\s*=\\s*(?:env\\(\\s*"([^"]+)"\\s*\\)|"([^"]*)")`, 'm').exec(block)
  return m ? (m[1] ? process.env[m[1]] : m[2]) : undefined
}
let dsUrl = opt.datasource?.directUrl ?? opt.datasource?.url ?? fromSchema('directUrl') ?? fromSchema('url')
let shadowUrl = opt.datasource?.shadowDatabaseUrl ?? fromSchema('shadowDatabaseUrl')
const kind = (u) => /^(postgres|postgresql):/i.test(u) ? 'postgresql' : /^mysql:/i.test(u) ? 'mysql' : /^(file:|libsql:|:memory:)/.test(u) ? 'sqlite' : undefined
const sqliteFile0 = (u) => decodeURIComponent(u.replace(/^file:(\/\/)?/, '').split('?')[0])
const sqliteFile = (u) => path.resolve(sqliteFile0(u))

class PErr extends Error { constructor(code, m) { super(m); this.code = code } }

async function factory(url) {
  switch (kind(url ?? '')) {
    case 'postgresql': {
      const { PrismaPg } = await import('@prisma/adapter-pg')
      const { default: pgcs } = await import('pg-connection-string')
      const schema = new URL(url).searchParams.get('schema') ?? 'public'
      const u = new URL(url); u.searchParams.delete('schema')
      // Discrete fields, not { connectionString }: with a connectionString, node-postgres ignores the `database`
      // override of PrismaPg.connectToShadowDb() and the "shadow database" is the MAIN database.
      const cfg = pgcs.parseIntoClientConfig ? pgcs.parseIntoClientConfig(u.href) : pgcs.parse(u.href)
      const f = new PrismaPg(cfg, { schema })
      const connect = f.connect.bind(f)
      f.connect = async () => fixChar(await connect())
      f.connectToShadowDb = async () => { // upstream drops the database while its own pool is still connected
        const name = `prisma_migrate_shadow_db_${crypto.randomUUID()}`
        const main = await connect()
        await main.executeScript(`CREATE DATABASE "${name}"`)
        const sh = fixChar(await new PrismaPg({ ...cfg, database: name }, { schema }).connect())
        const end = sh.dispose.bind(sh)
        sh.dispose = async () => { await end(); await main.executeScript(`DROP DATABASE "${name}"`); await main.dispose() }
        return sh
      }
      return f
    }
    case 'sqlite': {
      const m = await import('@prisma/adapter-libsql'), PrismaLibSql = m.PrismaLibSql ?? m.PrismaLibSQL // 7.x / 6.x name
      const f = new PrismaLibSql({ url: 'file:' + sqliteFile(url) })
      // The wasm engine replays migrations on the shadow database, and runs `db execute`, with raw_cmd -> executeRaw, and
      // libsql's execute() runs only the FIRST statement of a script (the native engine uses execute_batch). Run
      // argument-less commands as scripts, or `migrate dev` sees drift and `db execute` does a part of its file.
      const shadow = f.connectToShadowDb.bind(f), connect = f.connect.bind(f)
      f.connectToShadowDb = async () => wholeScripts(await shadow())
      f.connect = async () => wholeScripts(missingTableIsEmpty(await connect()))
      return f
    }
    case undefined:
      if (provider === 'sqlite') { const { PrismaLibSql, PrismaLibSQL } = await import('@prisma/adapter-libsql'); return new (PrismaLibSql ?? PrismaLibSQL)({ url: ':memory:' }) }
    // falls through
    default: throw new PErr('P1013', `The provided database string is invalid: unsupported scheme in the bridge`)
  }
}
// Where the migrations table does not exist yet, the native engine takes the database as one without migrations; the wasm
// engine fails with the adapter's error (`migrate dev` and `migrate status` on an empty database). So what only looks is
// answered with no rows. What writes is not: `migrate resolve --applied` creates the table when it meets that error.
const LOOKS = new Set(['devDiagnostic', 'diagnoseMigrationHistory', 'evaluateDataLoss', 'createMigration'])
function missingTableIsEmpty(c) {
  const query = c.queryRaw.bind(c)
  c.queryRaw = async (q) => {
    try { return await query(q) } catch (error) {
      if (!LOOKS.has(method) || !/\bFROM\s+[`"]?_prisma_migrations\b/i.test(q.sql) || !/no such table: _prisma_migrations/.test(`${error.message} ${error.cause?.originalMessage}`)) throw error
      return { columnNames: [], columnTypes: [], rows: [] }
    }
  }
  return c
}
function wholeScripts(c) {
  const raw = c.executeRaw.bind(c)
  c.executeRaw = (q) => (q.args.length ? raw(q) : c.executeScript(q.sql).then(() => 0))
  return c
}
// adapter-pg has no mapping for pg_catalog's "char" (oid 18; and before 7.x `name`, oid 19), which the engine's
// describer selects: hand them over as bpchar / text.
function fixChar(c) {
  const io = c.performIO.bind(c)
  // adapter-pg splits scripts at every ';'; the native engine sends ONE simple query (implicit transaction, bodies intact)
  c.executeScript = async (sql) => { try { await c.client.query(sql) } catch (e) { c.onError(e) } }
  c.performIO = async (q) => {
    // std::env does not exist in the wasm engine, so it always locks; honour the native engine's switch here
    if (/pg_advisory_lock\(72707369\)/.test(q.sql) && !['', '0', undefined].includes(process.env.PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK)) return { rows: [], fields: [], rowCount: 0 }
    const r = await io(q); for (const f of r.fields ?? []) f.dataTypeID = { 18: 1042, 19: 25 }[f.dataTypeID] ?? f.dataTypeID; return r }
  return c
}
async function pgAdmin(url, fn) {
  const { default: pg } = await import('pg')
  const u = new URL(url); const db = decodeURIComponent(u.pathname.slice(1)); u.pathname = '/postgres'; u.searchParams.delete('schema')
  const c = new pg.Client({ connectionString: u.href }); await c.connect()
  try { return await fn(c, db) } finally { await c.end() }
}
async function canConnect(url) {
  if (kind(url) === 'sqlite') {
    if (!fs.existsSync(sqliteFile(url))) throw new PErr('P1003', `Database \`${path.basename(sqliteFile(url))}\` does not exist`)
    return
  }
  if (kind(url) === 'postgresql') {
    const { default: pg } = await import('pg')
    const u = new URL(url); u.searchParams.delete('schema')
    const c = new pg.Client({ connectionString: u.href })
    try { await c.connect() } catch (e) {
      const db = decodeURIComponent(u.pathname.slice(1))
      if (e.code === '3D000') throw new PErr('P1003', `Database \`${db}\` does not exist`)
      if (e.code === '28P01' || e.code === '28000') throw new PErr('P1000', `Authentication failed against database server, the provided database credentials for \`${u.username}\` are not valid.`)
      throw new PErr('P1001', `Can't reach database server at \`${u.hostname}:${u.port || 5432}\`\n\nPlease make sure your database server is running at \`${u.hostname}:${u.port || 5432}\`.`)
    }
    await c.end(); return
  }
  throw new PErr('P1013', 'The provided database string is invalid.')
}
async function createDatabase(url) {
  if (kind(url) === 'sqlite') { const f = sqliteFile(url); fs.mkdirSync(path.dirname(f), { recursive: true }); fs.closeSync(fs.openSync(f, 'a')); return path.basename(f) }
  return pgAdmin(url, async (c, db) => { await c.query(`CREATE DATABASE "${db.replaceAll('"', '""')}"`); return db })
}

// ---- `cli` sub-commands -----------------------------------------------------------------------
if (opt.cli) {
  log('INFO', { message: 'Starting schema engine CLI', git_hash: 'wasm-bridge' })
  try {
    if (opt.cli === 'can-connect-to-database') { await canConnect(dsUrl); log('INFO', { message: 'Connection successful' }) }
    else if (opt.cli === 'create-database') { const n = await createDatabase(dsUrl); log('INFO', { message: `Database '${n}' was successfully created.` }) }
    else if (opt.cli === 'drop-database') {
      if (kind(dsUrl) === 'sqlite') fs.rmSync(sqliteFile(dsUrl)); else await pgAdmin(dsUrl, (c, db) => c.query(`DROP DATABASE "${db}"`))
      log('INFO', { message: 'The database was successfully dropped.' })
    }
    process.exit(0)
  } catch (e) {
    log('ERROR', { is_panic: false, error_code: String(e.code ?? ''), message: e.message }); process.exit(1)
  }
}

// ---- JSON-RPC ---------------------------------------------------------------------------------
log('INFO', { message: 'Starting schema engine RPC server', git_hash: 'wasm-bridge' })
let enginePromise, method // the method being answered now
async function loadWasm() {
  const jsUrl = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const runtime = await import(jsUrl)
  const wasm = new WebAssembly.Module(fs.readFileSync(path.join(path.dirname(fileURLToPath(jsUrl)), 'schema_engine_bg.wasm')))
  const instance = new WebAssembly.Instance(wasm, { './schema_engine_bg.js': runtime })
  runtime.__wbg_set_wasm(instance.exports); instance.exports.__wbindgen_start()
  return runtime.SchemaEngine
}
function urlOf(p) { // methods that carry their own datasource: createDatabase, dbExecute, ensureConnectionValidity, ...
  const d = p?.datasourceType ?? p?.datasource
  if (!d) return undefined
  const t = String(d.tag).toLowerCase()
  if (t === 'url' || t === 'connectionstring') return d.url
  if (t.startsWith('schema')) return fromSchema('url', (d.files ?? []).map((f) => f.content).join('\n'))
  return undefined
}
// Protocol of Prisma <= 6.5: the engine reads the migrations directory itself.
function listMigrations(baseDir, shadowDbInitScript = '') {
  const read = (f) => { try { return fs.readFileSync(f, 'utf8') } catch { return null } }
  const dirs = fs.existsSync(baseDir) ? fs.readdirSync(baseDir, { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => e.name).sort() : []
  return {
    baseDir, shadowDbInitScript,
    lockfile: { path: 'migration_lock.toml', content: read(path.join(baseDir, 'migration_lock.toml')) },
    migrationDirectories: dirs.map((d) => {
      const sql = read(path.join(baseDir, d, 'migration.sql'))
      return { path: d, migrationFile: { path: 'migration.sql', content: sql === null ? { tag: 'error', value: 'missing' } : { tag: 'ok', value: sql } } }
    }),
  }
}
let provider // of a datamodel-only diff without any database
function upgrade(params = {}) {
  if (params.migrationsDirectoryPath && !params.migrationsList) params.migrationsList = listMigrations(params.migrationsDirectoryPath)
  params.filters ??= { externalTables: [], externalEnums: [] }
  params.filter ??= params.filters
  for (const side of ['from', 'to']) {
    const t = params[side]
    if (t?.tag === 'url') { dsUrl = t.url; params[side] = { tag: 'schemaDatasource', files: [{ path: 'schema.prisma', content: `datasource db {\n provider = "${kind(t.url)}"\n}` }], configDir: '.' } }
    if (t?.tag === 'schemaDatasource' && !opt.datasource) {
      const u = fromSchema('url', t.files.map((f) => f.content).join('\n'))
      if (u) dsUrl = kind(u) === 'sqlite' ? 'file:' + path.resolve(t.configDir ?? '.', sqliteFile0(u)) : u
    }
    if (t?.tag === 'migrations' && !t.migrationDirectories) params[side] = { ...listMigrations(t.path), tag: 'migrations' }
    if (!dsUrl && t?.tag === 'schemaDatamodel') provider = /datasource\s+\w+\s*\{[\s\S]*?provider\s*=\s*"(\w+)"/.exec(t.files.map((f) => f.content).join('\n'))?.[1]
    if (params[side]?.tag === 'migrations' && !dsUrl) { // no main database: replay on the given (or a throw-away) shadow database
      dsUrl = params.shadowDatabaseUrl ?? (/"sqlite"/.test(params[side].lockfile?.content) ? 'file:' + path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'bridge-')), 'x.db') : undefined)
    }
  }
  return params
}
const engine = () => (enginePromise ??= (async () => {
  const SchemaEngine = await loadWasm()
  const f = await factory(dsUrl)
  const bound = bindMigrationAwareSqlAdapterFactory(f)
  const e = await SchemaEngine.new({ datamodels: files.length ? files : undefined }, (s) => { if (process.env.BRIDGE_DEBUG) process.stderr.write(s + '\n') }, bound)
  e.__bound = bound
  return e
})())

async function call(name, params) {
  method = name
  if (method === 'listMigrationDirectories') return { migrations: listMigrations(params.migrationsDirectoryPath).migrationDirectories.map((m) => m.path) }
  if (method === 'createDatabase') { const u = urlOf(params) ?? dsUrl; return { databaseName: await createDatabase(u) } }
  if (method === 'ensureConnectionValidity') { await canConnect(urlOf(params) ?? dsUrl); return {} }
  if (method === 'reset' && kind(dsUrl) === 'sqlite') { fs.closeSync(fs.openSync(sqliteFile(dsUrl), 'w')); return null } // == native engine: truncate the file
  if (method === 'getDatabaseVersion') method = 'version'
  const u = urlOf(params); if (u && !enginePromise) dsUrl = u
  params = upgrade(params)
  const e = await engine()
  if (typeof e[method] !== 'function') throw new Error(`the wasm schema engine has no method ${method}`)
  const r = await e[method](params)
  if (method === 'diff' && r?.stdout != null) { // native: `print` request to the client
    process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id: 'print-1', method: 'print', params: { content: r.stdout.replace(/\n$/, '') } }) + '\n')
    return { exitCode: r.exitCode }
  }
  return r
}
const rl = readline.createInterface({ input: process.stdin, crlfDelay: Infinity })
let queue = Promise.resolve()
rl.on('line', (line) => {
  if (!line.trim()) return
  const req = JSON.parse(line)
  if (!req.method) return // ACK of our print request
  queue = queue.then(async () => {
    try {
      const result = await call(req.method, req.params)
      process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id: req.id, result: result ?? null }) + '\n')
    } catch (e) {
      if (process.env.BRIDGE_DEBUG) process.stderr.write(String(e?.stack) + '\n')
      const bound = (await enginePromise?.catch(() => undefined))?.__bound
      let msg = e.message
      if (!e.code && req.method === 'applyMigrations') { // native: P3018 ApplyMigrationError; the wasm engine loses the code
        const name = /migration_name="([^"]+)"/.exec(msg)?.[1]
        if (name) { e.code = 'P3018'; msg = `A migration failed to apply. New migrations cannot be applied before the error is recovered from. Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve\n\nMigration name: ${name}\n\nDatabase error code: unknown\n\nDatabase error:\n${msg.split('\n   0: ')[0]}\n` }
      }
      process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id: req.id, error: { code: 4466, message: 'An error happened. Check the data field for details.', data: { is_panic: false, message: msg, ...(e.code ? { error_code: e.code } : {}), meta: {} } } }) + '\n')
    }
  })
})
rl.on('close', () => queue.then(() => process.exit(0)))
