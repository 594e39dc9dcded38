// The main job: the application's `npm run deploy`, run by a CI runner with an identity provider of its own, on a database that the
// policy declares production. Real Prisma, real git, real tokens; what is asserted is the database, the records and the store.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { deployingInCi } from './support/deployment.mjs'
import { startRunner } from './support/ci/runner-client.mjs'
import { appliedMigrations, productionDatabase, rowCounts } from './support/production-database.mjs'
import { freePort } from './support/environment.mjs'
import { Shop } from './support/shop.mjs'

describe('npm run deploy', () => {
  let runner
  let shop
  deployingInCi((given) => { ({ runner, shop } = given) })

  const job = (command, { env = {}, ...more } = {}) => runner.run({ cwd: shop.project, command, env: { DATABASE_URL: shop.url, ...env }, ...more })
  const migrations = () => fs.readdirSync(path.join(shop.project, 'prisma/migrations')).filter((name) => /^\d/.test(name)).sort()
  const records = () => fs.existsSync(path.join(shop.project, '.deployment-state')) ? fs.readdirSync(path.join(shop.project, '.deployment-state')).sort() : []
  const record = (name) => path.join(shop.project, '.deployment-state', name)

  async function refused(command, rule, exitCode, more) {
    const before = shop.databaseDigest()
    const ended = await job(command, more)
    assert.equal(ended.exitCode, exitCode, ended.output)
    assert.match(ended.output, new RegExp(`✖ ${rule} `), ended.output)
    assert.equal(shop.databaseDigest(), before, 'the production database changed')
    return ended
  }

  it('applies exactly the pending migrations, keeps the data, and leaves a checked backup and the records', async () => {
    const rows = rowCounts(shop.database)
    const before = appliedMigrations(shop.database)
    assert.ok(before.length >= 2 && before.length < migrations().length)

    const ended = await job('npm run deploy')
    assert.equal(ended.exitCode, 0, ended.output)
    assert.deepEqual(appliedMigrations(shop.database), migrations())
    for (const [table, count] of Object.entries(rows)) {
      if (table !== '_prisma_migrations') assert.equal(rowCounts(shop.database)[table], count, table)
    }
    const [backup, ...others] = fs.readdirSync(shop.store)
    assert.deepEqual(others, [])
    assert.deepEqual(rowCounts(path.join(shop.store, backup)), rows)
    assert.equal(fs.statSync(path.join(shop.store, backup)).mode & 0o077, 0, 'others may read the backup')
    const written = fs.readdirSync(path.join(shop.project, '.deployment-state'), { recursive: true }).map(String)
    for (const name of ['verification.passed', 'backup.completed', 'deployment.completed']) {
      assert.ok(written.some((each) => path.basename(each) === name), `${name} is not in ${written}`)
    }
    assert.ok(!written.some((each) => path.basename(each) === 'deployment.failed'))
  })

  it('says so and exits 0 without a dump where nothing is pending', async () => {
    assert.equal((await job('npm run deploy')).exitCode, 0)
    const digest = shop.databaseDigest()
    const backups = fs.readdirSync(shop.store)
    const ended = await job('npm run deploy')
    assert.equal(ended.exitCode, 0, ended.output)
    assert.match(ended.output, /nothing is pending/i)
    assert.equal(shop.databaseDigest(), digest)
    assert.deepEqual(fs.readdirSync(shop.store), backups)
  })

  it('is refused where a record was edited, and the record stays as evidence', async () => {
    const tampered = `npm run predeploy && sed -i 's/"environment": "production"/"environment": "productioN"/' .deployment-state/verification.passed`
    await refused(`${tampered} && npm run deploy`, 'record-not-genuine', 77)
    assert.match(fs.readFileSync(record('verification.passed'), 'utf8'), /productioN/)
    assert.deepEqual(fs.readdirSync(shop.store), [])
  })

  it('is refused out of order: backup without verification, deployment without backup', async () => {
    await refused('npm run backup:production', 'step-order', 77)
    await refused('npm run deploy:db', 'step-order', 77)
    await refused('npm run predeploy && npm run deploy:db', 'step-order', 77)
  })

  it('is refused to whom the policy does not name: another repository, branch, environment, a pull request', async () => {
    for (const claims of [{ repository_id: '999' }, { ref: 'refs/heads/feature' }, { environment: 'staging' }, { event_name: 'pull_request' }]) {
      await refused('npm run deploy', 'local-deployment', 77, { claims })
    }
    assert.deepEqual(records().filter((name) => name !== 'deployment.lock'), [])
  })

  it('is refused where the token names another commit than the one that is checked out', async () => {
    await refused('npm run deploy', 'unclean-git', 77, { claims: { sha: 'b'.repeat(40) } })
  })

  it('is refused from an unclean tree: a changed, a new and an assume-unchanged file', async () => {
    await refused('echo "// x" >> lib/prisma.ts && npm run deploy', 'unclean-git', 77)
    shop.git('checkout', '--quiet', '.')
    await refused('mkdir prisma/migrations/29990101000000_smuggled && echo "DROP TABLE x;" > prisma/migrations/29990101000000_smuggled/migration.sql && npm run deploy', 'unclean-git', 77)
    fs.rmSync(path.join(shop.project, 'prisma/migrations/29990101000000_smuggled'), { recursive: true })
    shop.git('update-index', '--assume-unchanged', 'lib/prisma.ts')
    fs.appendFileSync(path.join(shop.project, 'lib/prisma.ts'), '// x\n')
    await refused('npm run deploy', 'unclean-git', 77)
  })

  it('is refused where an applied migration was edited or removed, or one failed', async () => {
    const [first] = migrations()
    fs.appendFileSync(path.join(shop.project, 'prisma/migrations', first, 'migration.sql'), '\n-- edited\n')
    shop.commit('Edit an applied migration')
    await refused('npm run deploy', 'verification-failed', 77)
    fs.rmSync(path.join(shop.project, 'prisma/migrations', first), { recursive: true })
    shop.commit('Remove an applied migration')
    await refused('npm run deploy', 'verification-failed', 77)
  })

  it('is refused where the records are used a second time', async () => {
    const kept = path.join(shop.folder, 'kept')
    const ended = await job(`npm run predeploy && npm run backup:production && cp -r .deployment-state ${kept} && npm run deploy:db`)
    assert.equal(ended.exitCode, 0, ended.output)
    fs.rmSync(path.join(shop.project, '.deployment-state'), { recursive: true })
    fs.cpSync(kept, path.join(shop.project, '.deployment-state'), { recursive: true })
    fs.chmodSync(path.join(shop.project, '.deployment-state'), 0o700)
    // Another run: its records are not of this run; and the database is not the one that was verified.
    await refused('npm run deploy:db', 'record-mismatch', 77)
  })

  it('is refused where the backup is gone or changed when the deployment asks for it again', async () => {
    await refused(`npm run predeploy && npm run backup:production && rm -f ${shop.store}/* && npm run deploy:db`, 'backup-not-proven', 77)
    await refused(`npm run predeploy && npm run backup:production && printf x >> ${shop.store}/*.db && npm run deploy:db`, 'backup-not-proven', 77)
  })

  it('leaves what is known where a migration fails, and names what to do', async () => {
    const name = '29990101000000_fails'
    shop.write(`prisma/migrations/${name}/migration.sql`, 'CREATE TABLE "first" ("id" INTEGER PRIMARY KEY);\nINSERT INTO "no_such_table" VALUES (1);\n')
    shop.commit('A migration that fails')
    const ended = await job('npm run deploy')
    assert.equal(ended.exitCode, 1, ended.output)
    assert.ok(fs.readdirSync(path.join(shop.project, '.deployment-state'), { recursive: true }).some((each) => path.basename(String(each)) === 'deployment.failed'))
    assert.match(ended.output, new RegExp(name))
    await refused('npm run deploy', 'verification-failed', 77)
  })

  it('goes on after the provider published other keys: what nobody can check any more opens nothing and blocks nothing', async () => {
    const port = await freePort()
    const old = await startRunner({ port })
    const own = await Shop.create({ issuer: old.issuer })
    try {
      await productionDatabase(own)
      const run = (of, command) => of.run({ cwd: own.project, command, env: { DATABASE_URL: own.url } })
      try {
        const ended = await run(old, 'npm run predeploy')
        assert.equal(ended.exitCode, 0, ended.output)
      } finally {
        await old.stop()
      }
      const rotated = await startRunner({ port })
      try {
        const backup = await run(rotated, 'npm run backup:production')
        // The provider may be down: nobody can decide, so that it is no verdict about the record.
        assert.equal(backup.exitCode, 78, backup.output)
        const ended = await run(rotated, 'npm run deploy')
        assert.equal(ended.exitCode, 0, ended.output)
        assert.match(ended.output, /key that is no longer published/)
        assert.deepEqual(appliedMigrations(own.database), migrations())
        assert.ok(fs.readdirSync(path.join(own.project, '.deployment-state'), { recursive: true }).some((name) => /archive.*verification\.passed$/.test(String(name))))
      } finally {
        await rotated.stop()
      }
    } finally {
      own.remove()
    }
  })

  it('never runs twice at once', async () => {
    const both = await Promise.all([job('npm run deploy'), job('npm run deploy')])
    const codes = both.map(({ exitCode }) => exitCode).sort()
    assert.ok(codes.includes(0), both.map(({ output }) => output).join('\n=====\n'))
    assert.deepEqual(appliedMigrations(shop.database), migrations())
  })
})
