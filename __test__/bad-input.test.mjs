// Bad input: each gives one clear refusal with 77 or 78, and nothing is written.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { deployingInCi } from './support/deployment.mjs'
import { productionDatabase } from './support/production-database.mjs'
import { freePort } from './support/environment.mjs'
import { Shop } from './support/shop.mjs'

describe('bad input to a deployment in CI', () => {
  let runner
  let shop
  deployingInCi((given) => { ({ runner, shop } = given) })

  async function refused(rule, exitCode, { url = shop.url } = {}) {
    const before = shop.databaseDigest()
    const ended = await runner.run({ cwd: shop.project, command: 'node scripts/predeploy-verify.js', env: { DATABASE_URL: url } })
    assert.equal(ended.exitCode, exitCode, ended.output)
    const refusals = ended.output.match(/✖ [a-z-]+ /g)
    assert.deepEqual(refusals, [`✖ ${rule} `], ended.output)
    assert.equal(shop.databaseDigest(), before, 'the database changed')
    assert.deepEqual(fs.readdirSync(shop.store), [], 'a backup was written')
    const state = path.join(shop.project, '.deployment-state')
    if (fs.existsSync(state) && fs.lstatSync(state).isDirectory()) assert.ok(!fs.existsSync(path.join(state, 'verification.passed')), 'a record was written')
    return ended
  }

  it('a policy that is no JSON', async () => {
    shop.write('prisma-guard.json', '{ "environments": ')
    shop.commit('x')
    await refused('policy-invalid', 78)
  })

  it('a policy with a typing error: the key, the line and the nearest known key are named', async () => {
    shop.write('prisma-guard.json', shop.read('prisma-guard.json').replace('"databases"', '"databses"'))
    shop.commit('x')
    const { output } = await refused('policy-invalid', 78)
    assert.match(output, /databses/)
    assert.match(output, /databases/)
    assert.match(output, /line \d+|:\d+/)
  })

  it('no policy', async () => {
    fs.rmSync(path.join(shop.project, 'prisma-guard.json'))
    shop.commit('x')
    await refused('policy-missing', 78)
  })

  it('a connection string that cannot be read, which is not repeated', async () => {
    const { output } = await refused('database-url-invalid', 78, { url: 'planted-secret and no url' })
    assert.ok(!output.includes('planted-secret'), output)
  })

  it('a database that does not exist is not created', async () => {
    fs.rmSync(shop.database)
    await refused('database-unavailable', 78)
    assert.equal(fs.existsSync(shop.database), false)
  })

  it('a file that is no database', async () => {
    fs.writeFileSync(shop.database, 'this is not SQLite, whatever its name says. '.repeat(100))
    await refused('database-unavailable', 78)
  })

  it('no Prisma', async () => {
    fs.rmSync(path.join(shop.project, 'node_modules/prisma'), { recursive: true })
    await refused('prisma-not-found', 78)
  })

  it('no git repository', async () => {
    fs.rmSync(path.join(shop.project, '.git'), { recursive: true })
    await refused('git-unavailable', 78)
  })

  it('no migrations', async () => {
    fs.rmSync(path.join(shop.project, 'prisma/migrations'), { recursive: true })
    shop.commit('x')
    await refused('migrations-invalid', 78)
  })

  it('a migration without its script', async () => {
    const folder = path.join(shop.project, 'prisma/migrations')
    const last = fs.readdirSync(folder).filter((name) => /^\d/.test(name)).sort().at(-1)
    fs.writeFileSync(path.join(folder, last, 'README'), 'no script here')
    fs.rmSync(path.join(folder, last, 'migration.sql'))
    shop.commit('x')
    await refused('migrations-invalid', 78)
  })

  it('a schema that Prisma does not accept', async () => {
    shop.write('prisma/schema.prisma', `${shop.read('prisma/schema.prisma')}\nmodel Broken {\n  id Nonsense\n}\n`)
    shop.commit('x')
    await refused('verification-failed', 77)
  })

  it('a symbolic link where the folder of records should be', async () => {
    const elsewhere = path.join(shop.folder, 'elsewhere')
    fs.mkdirSync(elsewhere)
    fs.symlinkSync(elsewhere, path.join(shop.project, '.deployment-state'))
    const ended = await runner.run({ cwd: shop.project, command: 'node scripts/predeploy-verify.js', env: { DATABASE_URL: shop.url } })
    assert.ok([77, 78].includes(ended.exitCode), ended.output)
    assert.match(ended.output, /✖ (state-folder-unsafe|unclean-git) /)
    assert.deepEqual(fs.readdirSync(elsewhere), [])
  })

  it('an identity provider that is gone', async () => {
    const gone = await Shop.create({ issuer: `http://127.0.0.1:${await freePort()}` })
    try {
      await productionDatabase(gone)
      const ended = await runner.run({ cwd: gone.project, command: 'node scripts/predeploy-verify.js', env: { DATABASE_URL: gone.url } })
      assert.ok([77, 78].includes(ended.exitCode), ended.output)
      assert.match(ended.output, /✖ (proof-unavailable|local-deployment) /)
    } finally {
      gone.remove()
    }
  })
})
