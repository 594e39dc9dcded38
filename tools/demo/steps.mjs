// The demo's steps in order: a team before, the guard adopted, development, the attempts, the deployment in CI. Each asserts what it shows.
// It uses the package as any user would; the package knows nothing of it.

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { developer, freePort, installer, pack } from '../../__test__/support/environment.mjs'
import { adopt, commit, git, shopBefore } from './shop.mjs'
import { elapsed, expect, indented, must, outcome, run, say, step, stepCount, typed } from './story.mjs'
import { tracer } from './trace.mjs'
import { appliedMigrations, databaseDigest, migrationNames, productionData, rowCounts } from '../../__test__/support/production-database.mjs'
import { startRunner } from '../../__test__/support/ci/runner-client.mjs'
import { placeSchemaEngine } from '../../__test__/support/schema-engine/install.mjs'

/** The exit code of a refusal. */
const REFUSED = 77

// Its real path: on some systems the temporary folder is a symbolic link.
const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'prisma-guard-demo-')))
const project = path.join(folder, 'shop')
const database = path.join(folder, 'production', 'shop.db')
const store = path.join(folder, 'backups')
const productionUrl = `file:${database}`
/** Paths of the temporary folder as people read them. */
const short = (text) => text.replaceAll(folder, '…')
let runner
let trace

/** A command as a developer runs it in the project, shown with the variables that the person sets. */
function asDeveloper(command, variables = {}, options = {}) {
  const set = Object.entries(variables).map(([name, value]) => `${name}=${value}`).join(' ')
  const label = short(set ? `${set} ${command}` : command)
  return { label, cwd: project, env: developer({ ...variables, ...options.environment }), prefix: options.prefix }
}

/** Tries what must be refused: exit code, rule, the database untouched, and none of Prisma's files opened. */
async function refused(command, variables, rule, neverLoaded) {
  const before = databaseDigest(database)
  const traced = trace.options()
  const options = asDeveloper(command, variables, traced)
  const ended = await run(command, { ...options, shown: !traced.environment.NODE_DEBUG })
  expect(ended.exitCode === REFUSED, `refused: exit code ${REFUSED}`, `exit code ${ended.exitCode}\n${ended.output}`)
  expect(ended.output.includes(`✖ ${rule} `), `by the rule ${rule}`, ended.output)
  expect(databaseDigest(database) === before, 'the production database is the same, byte for byte')
  const opened = trace.opened(ended.output)
  if (neverLoaded) expect(opened.length === 0, neverLoaded, opened.slice(0, 5).join(', '))
}

/** Runs a job in the CI runner, which is no child of this process. */
async function inCi(command) {
  typed(`(CI) ${short(command).replaceAll('\n', '\n          ')}`)
  const screen = indented()
  const ended = await runner.run({ cwd: project, command, env: { DATABASE_URL: productionUrl, NO_COLOR: '1', CHECKPOINT_DISABLE: '1' }, onOutput: (text) => screen.write(short(text)) })
  screen.end()
  return ended
}

async function before() {
  step('A team has a shop on Prisma, in production since its second migration')
  shopBefore(project)
  await must('npm ci --no-audit --no-fund --prefer-offline', { cwd: project, env: installer() })
  if (await placeSchemaEngine(project)) say("Prisma's own engine is not installed here: its published WebAssembly build stands in, in the engine's place.")
  commit(project, 'The shop as it was')
  fs.mkdirSync(path.dirname(database))
  fs.mkdirSync(store)
  await must('npx prisma migrate deploy', asDeveloper('npx prisma migrate deploy', { DATABASE_URL: productionUrl }))
  await must(`npx prisma db execute --file ${productionData}`, asDeveloper('npx prisma db execute --file yesterdays-orders.sql', { DATABASE_URL: productionUrl }))
  expect(appliedMigrations(database).length === 2, `production holds ${appliedMigrations(database).join(', ')}`)
  expect(rowCounts(database).Order === 4, `and ${describe(rowCounts(database))}`)
}

function describe(counts) {
  return Object.entries(counts).filter(([table]) => table !== '_prisma_migrations').map(([table, count]) => `${table} ${count}`).join(', ')
}

async function adoption(issuer) {
  step('The team adopts the guard, and two migrations more are waiting')
  const tarballs = pack(folder)
  adopt(project, { database, issuer, store })
  await must(`npm install --save --no-audit --no-fund --prefer-offline ${tarballs.join(' ')}`, {
    cwd: project,
    env: installer(),
    label: `npm install --save ${tarballs.map((file) => path.basename(file)).join(' ')}`
  })
  await placeSchemaEngine(project)
  const id = commit(project, 'Adopt @org/prisma-guard; reviews and shipments')
  expect(git(project, 'status', '--porcelain') === '', `committed as ${id}, the tree is clean`)
  const pending = migrationNames(project).filter((name) => !appliedMigrations(database).includes(name))
  expect(pending.length === 2, `pending: ${pending.join(', ')}`)
}

async function development() {
  step('On a local database nothing is in the way')
  const local = { DATABASE_URL: 'file:./data/development.db' }
  fs.mkdirSync(path.join(project, 'data'), { recursive: true })
  await must('npx prisma generate', asDeveloper('npx prisma generate', local))
  const traced = trace.options()
  const pushed = await must('npx prisma db push', { ...asDeveloper('npx prisma db push', local, traced) })
  say(`Traced by ${trace.how}.`)
  expect(trace.opened(pushed.output).length > 0, `allowed: Prisma was loaded (${trace.opened(pushed.output).length} of its files)`)
  await must('npx prisma db seed', asDeveloper('npx prisma db seed', local))
  const report = await run('npm start --silent', asDeveloper('npm start --silent', local))
  expect(report.exitCode === 0 && /Sales: \d+ orders/.test(report.output), 'the application reads its data', report.output)
}

async function attempts() {
  step('Someone in a hurry runs the Prisma CLI against production')
  await refused('npx prisma migrate deploy', { CI: 'true', NODE_ENV: 'production', PRISMA_DEPLOYMENT_APPROVED: 'true', DATABASE_URL: productionUrl }, 'direct-execution', 'Prisma was never loaded')

  step("Someone runs the deploy script on a laptop, with a CI vendor's variables copied")
  const copied = {
    CI: 'true',
    NODE_ENV: 'production',
    GITHUB_ACTIONS: 'true',
    GITHUB_REPOSITORY: 'octo-org/shop',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_SHA: git(project, 'rev-parse', 'HEAD'),
    GITHUB_RUN_ID: '1234567890',
    GITHUB_EVENT_NAME: 'push',
    ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1:9/token?api-version=2.0',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'copied-from-a-log',
    DATABASE_URL: productionUrl
  }
  await refused('node scripts/deploy-db.js', copied, 'local-deployment', 'Prisma was never loaded')

  step('Someone starts the application in development with the production DATABASE_URL')
  await refused('npm start --silent', { NODE_ENV: 'development', DATABASE_URL: productionUrl }, 'database-url-misuse', 'it ended before @prisma/client was evaluated')
}

async function deployment() {
  step('CI runs `npm run deploy`')
  say(`The runner is process ${runner.pid}, a service of its own with its own identity provider: ${runner.issuer}`)
  const rows = rowCounts(database)
  const ended = await inCi('npm run deploy')
  expect(ended.exitCode === 0, 'exit code 0', `exit code ${ended.exitCode}`)
  const applied = appliedMigrations(database)
  expect(String(applied) === String(migrationNames(project)), `applied: ${applied.slice(-2).join(', ')}`, applied.join(', '))
  const now = rowCounts(database)
  const kept = Object.entries(rows).filter(([table]) => table !== '_prisma_migrations')
  expect(kept.every(([table, count]) => now[table] === count), `the data is still there: ${describe(Object.fromEntries(kept))}`, describe(now))
  const backups = fs.readdirSync(store)
  expect(backups.length === 1 && String(Object.entries(rowCounts(path.join(store, backups[0])))) === String(Object.entries(rows)), `the backup ${backups[0]} holds what production held before`, backups.join(', '))
  await timeline()
}

/** The records, as the guard itself reads them. */
async function timeline() {
  const status = await must('npx prisma-guard status --format json', asDeveloper('npx prisma-guard status --format json', {}))
  const { steps, chain } = JSON.parse(status.output)
  say(`The records of the chain ${chain}:`)
  for (const each of steps) {
    say(`  ${each.time ?? '-'}  ${each.present ? '●' : '○'} ${each.step.padEnd(12)} ${String(each.sequence ?? '').padStart(2)}  ${each.environment ?? ''}  commit ${(each.commit ?? '').slice(0, 9)}  ${each.file}${each.problem ? `  (${each.problem})` : ''}`)
  }
  expect(steps.length === 3 && steps.every(({ present, problem }) => present && !problem), 'three records, one for each step')
}

async function secondRun() {
  step('CI runs it once more, with nothing pending')
  const before = databaseDigest(database)
  const dumps = fs.readdirSync(store).length
  const ended = await inCi('npm run deploy')
  expect(ended.exitCode === 0, 'exit code 0', `exit code ${ended.exitCode}`)
  expect(/nothing is pending/i.test(ended.output), 'it says that nothing is pending', ended.output)
  expect(fs.readdirSync(store).length === dumps, 'no dump was made')
  expect(databaseDigest(database) === before, 'the production database is the same, byte for byte')
}

async function tampered() {
  step('Someone edits a record on the way, for a commit with one migration more')
  const schema = path.join(project, 'prisma/schema.prisma')
  fs.writeFileSync(schema, fs.readFileSync(schema, 'utf8').replace('  @@index([customerId, placedAt])\n', '  @@index([customerId, placedAt])\n  @@index([status])\n'))
  const migration = 'prisma/migrations/20261123090000_index_order_status'
  fs.mkdirSync(path.join(folder, 'new'))
  const script = path.join(folder, 'new', 'migration.sql')
  await must(`npx prisma migrate diff --from-migrations prisma/migrations --to-schema prisma/schema.prisma --script --output ${script}`,
    asDeveloper('npx prisma migrate diff --from-migrations prisma/migrations --to-schema prisma/schema.prisma --script --output migration.sql', { DATABASE_URL: 'file:./data/development.db' }))
  fs.mkdirSync(path.join(project, migration))
  fs.renameSync(script, path.join(project, migration, 'migration.sql'))
  say(`${path.basename(migration)}, committed as ${commit(project, 'Index the status of orders')}`)
  const before = databaseDigest(database)
  const ended = await inCi(`npm run predeploy\nsed -i 's/"environment": *"production"/"environment": "productioN"/' .deployment-state/verification.passed\nnpm run deploy`)
  expect(fs.readFileSync(recordFile('verification.passed'), 'utf8').includes('productioN'), 'the record was edited, and is left as evidence')
  expect(ended.exitCode === REFUSED, `refused: exit code ${REFUSED}`, `exit code ${ended.exitCode}`)
  expect(ended.output.includes('✖ record-not-genuine '), 'by the rule record-not-genuine')
  expect(databaseDigest(database) === before, 'the production database is the same, byte for byte')
}

const recordFile = (name) => path.join(project, '.deployment-state', name)

/** Ends the runner and removes the folder, unless it shall be kept. */
export async function clean({ keep }) {
  await runner?.stop()
  runner = undefined
  if (keep) say(`Kept: ${folder}`)
  else fs.rmSync(folder, { recursive: true, force: true })
}

/** Tells the whole story; throws at the first expectation that does not come true. */
export async function tell() {
  trace = tracer(folder)
  const port = await freePort()
  await before()
  await adoption(`http://127.0.0.1:${port}`)
  await development()
  await attempts()
  runner = await startRunner({ port })
  await deployment()
  await secondRun()
  await tampered()
  say('')
  outcome(`All ${stepCount()} steps as expected: 4 refused with the database untouched, 2 migrations promoted, the data kept. ${elapsed()} seconds.`)
}
