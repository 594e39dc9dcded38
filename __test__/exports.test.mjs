// The exports, as an application sees them: loaded from its node_modules, in processes of their own.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startRunner } from './support/ci/runner-client.mjs'
import { freePort } from './support/environment.mjs'
import { Shop } from './support/shop.mjs'

const remote = 'postgresql://planted-user:planted-password@db.unknown.example:5432/shop?token=planted-token'
const secrets = ['planted-user', 'planted-password', 'planted-token']

function holdsNoSecret(output) {
  for (const secret of secrets) assert.ok(!output.includes(secret), `${secret} is in:\n${output}`)
}

describe('the exports', () => {
  /** @type {Shop} */
  let shop
  before(async () => {
    shop = await Shop.create()
  })
  after(() => shop.remove())

  /** Runs a script in the application's folder and returns how it ended; `print` writes JSON to stdout. */
  const script = (body, env = {}) =>
    shop.node('-e', `const guard = require('@org/prisma-guard'); const print = (value) => console.log(JSON.stringify(value)); ${body}`, { env })

  it('are the same functions and the same GuardError for CommonJS and for ES modules', async () => {
    const ended = await shop.node('--input-type=module', '-e', `
      import { createRequire } from 'node:module'
      import * as imported from '@org/prisma-guard'
      const required = createRequire(process.cwd() + '/x.js')('@org/prisma-guard')
      const names = Object.keys(required).sort()
      console.log(JSON.stringify({ names, same: names.every((name) => required[name] === imported[name]) }))`)
    assert.deepEqual(JSON.parse(ended.stdout), {
      names: ['GuardError', 'assertCi', 'classifyDatabaseUrl', 'detectCi', 'execPrismaApproved', 'readState', 'scanContract', 'stateAdvance', 'validateDatabaseUrlEarly'],
      same: true,
    })
  })

  it('classifyDatabaseUrl says what a string reaches and never shows its secrets to people', async () => {
    const { stdout } = await script(`print(guard.classifyDatabaseUrl(${JSON.stringify(remote)}))`)
    const target = JSON.parse(stdout)
    assert.equal(target.class, 'unknown')
    assert.equal(target.provider, 'postgresql')
    assert.deepEqual(target.endpoints, [{ host: 'db.unknown.example', port: 5432, database: 'shop', socket: null }])
    assert.equal(target.source, 'argument')
    assert.equal(target.url, remote)
    holdsNoSecret(target.redacted + target.reason)
  })

  it('classifyDatabaseUrl takes a policy and an environment of its own', async () => {
    const { stdout } = await script(`
      const policy = { environments: { eu: { databases: ['*.prod.example.net'], attestation: { kind: 'oidc', issuer: 'https://ci.example', claims: { ref: 'x' } } } } }
      const of = (url, env = {}) => guard.classifyDatabaseUrl(url, { policy, env })
      print([of('postgresql://u:p@a.prod.example.net/x'), of('postgresql:///x', { PGHOST: 'b.prod.example.net' }), of('postgresql://localhost/x')].map(({ class: name, environment }) => [name, environment]))`)
    assert.deepEqual(JSON.parse(stdout), [['production', 'eu'], ['production', 'eu'], ['local', null]])
  })

  it('classifyDatabaseUrl refuses a policy with an unknown key, and names the nearest known one', async () => {
    const { stdout } = await script(`
      try { guard.classifyDatabaseUrl('file:x', { policy: { enviroments: {} } }) }
      catch (error) { print({ known: error instanceof guard.GuardError, rule: error.rule, exitCode: error.exitCode, message: error.message }) }`)
    const error = JSON.parse(stdout)
    assert.deepEqual([error.known, error.rule, error.exitCode], [true, 'policy-invalid', 78])
    assert.match(error.message, /enviroments.*environments/s)
  })

  it('detectCi tells what variables claim and that they prove nothing', async () => {
    const { stdout } = await script('print(guard.detectCi())', { CI: 'true', GITHUB_ACTIONS: 'true' })
    const detection = JSON.parse(stdout)
    assert.deepEqual([detection.claimed, detection.vendor, detection.canRequestToken], [true, 'github-actions', false])
  })

  it('readState of a project that never deployed names verification as the next step', async () => {
    const { stdout } = await script('print(guard.readState())')
    const state = JSON.parse(stdout)
    assert.equal(state.next, 'verification')
    assert.deepEqual(state.steps.map(({ step, present }) => [step, present]), [['verification', false], ['backup', false], ['deployment', false]])
  })

  it('scanContract finds nothing in an application that keeps the contract', async () => {
    const { stdout } = await script('print(guard.scanContract())')
    const report = JSON.parse(stdout)
    assert.deepEqual(report.findings, [])
    assert.ok(report.files >= 10, `only ${report.files} files were read`)
  })

  describe('validateDatabaseUrlEarly', () => {
    it('returns the string that it checked', async () => {
      const { stdout } = await script('print(guard.validateDatabaseUrlEarly())', { DATABASE_URL: 'file:./data/dev.db' })
      const target = JSON.parse(stdout)
      assert.deepEqual([target.class, target.url, target.source], ['local', 'file:./data/dev.db', 'environment DATABASE_URL'])
    })

    it('says "none" where there is no string, and refuses nothing', async () => {
      const { stdout, exitCode } = await script('print(guard.validateDatabaseUrlEarly().class)')
      assert.deepEqual([JSON.parse(stdout), exitCode], ['none', 0])
    })

    for (const [name, body] of [
      ['no try catches it', 'try { guard.validateDatabaseUrlEarly() } catch {}'],
      ['no exit handler runs', "process.on('exit', () => console.log('SURVIVED')); guard.validateDatabaseUrlEarly()"],
      ['process.exit and process.reallyExit may be replaced', 'process.exit = process.reallyExit = () => {}; guard.validateDatabaseUrlEarly()'],
      ['a worker thread ends the whole process', `
        const { Worker } = require('node:worker_threads')
        new Worker("require('@org/prisma-guard').validateDatabaseUrlEarly()", { eval: true }).on('exit', () => console.log('SURVIVED'))
        setTimeout(() => console.log('SURVIVED'), 2000)`],
    ]) {
      it(`ends a development process that holds an undeclared remote database: ${name}`, async () => {
        const ended = await script(`${body}; if (!/Worker/.test(${JSON.stringify(body)})) console.log('SURVIVED')`, { DATABASE_URL: remote })
        assert.equal(ended.exitCode, 77, ended.output)
        assert.doesNotMatch(ended.output, /SURVIVED/)
        assert.match(ended.stderr, /✖ database-url-misuse/)
        assert.match(ended.stderr, /"nonProduction": \{ "databases": \["db\.unknown\.example"\] \}/)
        holdsNoSecret(ended.output)
      })
    }

    it('no variable changes the answer', async () => {
      const ended = await script("guard.validateDatabaseUrlEarly(); console.log('SURVIVED')", {
        DATABASE_URL: remote, CI: 'true', DATABASE_ENV: 'development', PRISMA_DEPLOYMENT_APPROVED: 'true', PRISMA_GUARD_DISABLE: '1', SKIP_ENV_VALIDATION: '1',
        npm_lifecycle_event: 'deploy:db',
      })
      assert.equal(ended.exitCode, 77, ended.output)
      assert.doesNotMatch(ended.output, /SURVIVED/)
    })

    it('ends the process with 78 where the string cannot be read', async () => {
      const ended = await script("guard.validateDatabaseUrlEarly(); console.log('SURVIVED')", { DATABASE_URL: 'not a url planted-password' })
      assert.equal(ended.exitCode, 78, ended.output)
      assert.match(ended.stderr, /database-url-invalid/)
      holdsNoSecret(ended.output)
    })

    it('is never the reason that production is down: a production runtime goes on, whatever the string and the policy look like', async () => {
      const broken = await Shop.create({ policy: (policy) => { policy.enviroments = {} } })
      // The runner's jobs have no test runner, editor or terminal above them: as a service has none.
      const runner = await startRunner({ port: await freePort() })
      try {
        for (const url of [remote, broken.url, 'not a url']) {
          const command = `node -e "require('@org/prisma-guard').validateDatabaseUrlEarly(); console.log('SERVING')"`
          const ended = await runner.run({ cwd: broken.project, command, env: { DATABASE_URL: url, NODE_ENV: 'production' } })
          assert.equal(ended.exitCode, 0, ended.output)
          assert.match(ended.output, /SERVING/)
          holdsNoSecret(ended.output)
        }
      } finally {
        await runner.stop()
        broken.remove()
      }
    })
  })

  describe('register', () => {
    for (const [name, args] of [
      ['required', ['-e', "require('@org/prisma-guard/register'); console.log('EVALUATED')"]],
      ['imported before other imports', ['--input-type=module', '-e', "import '@org/prisma-guard/register'; console.log('EVALUATED')"]],
      ['preloaded', ['--require', '@org/prisma-guard/register', '-e', "console.log('EVALUATED')"]],
    ]) {
      it(`ends the process before anything else is evaluated: ${name}`, async () => {
        const ended = await shop.node(...args, { env: { DATABASE_URL: shop.url } })
        assert.equal(ended.exitCode, 77, ended.output)
        assert.doesNotMatch(ended.output, /EVALUATED/)
        assert.match(ended.stderr, /target +production/)
      })
    }
  })

  describe('assertCi', () => {
    it('ends the process, with every variable of GitHub Actions copied', async () => {
      const ended = await script("try { guard.assertCi() } catch {} console.log('SURVIVED')", {
        DATABASE_URL: shop.url, CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_SHA: 'a'.repeat(40), GITHUB_REF: 'refs/heads/main', GITHUB_RUN_ID: '1', NODE_ENV: 'production',
      })
      assert.equal(ended.exitCode, 77, ended.output)
      assert.doesNotMatch(ended.output, /SURVIVED/)
      assert.match(ended.stderr, /✖ local-deployment/)
    })
  })

  describe('stateAdvance and execPrismaApproved', () => {
    for (const [name, body] of [
      ['a deployment record without the records before it', "guard.stateAdvance('deployment', { exitCode: 0 })"],
      ['a backup record without evidence', "guard.stateAdvance('backup')"],
      ['a verification record by hand', "guard.stateAdvance('verification', { migrations: 'prisma/migrations' })"],
      ['prisma migrate deploy', "guard.execPrismaApproved(['migrate', 'deploy'])"],
      ['prisma migrate reset', "guard.execPrismaApproved(['migrate', 'reset', '--force'])"],
      ['a step that does not exist', "guard.stateAdvance('approval', {})"],
    ]) {
      it(`throw a GuardError on a developer's machine and leave no record: ${name}`, async () => {
        const ended = await script(`try { ${body}; print('WENT THROUGH') } catch (error) { print({ known: error instanceof guard.GuardError, exitCode: error.exitCode, rule: error.rule }) }`, {
          DATABASE_URL: shop.url, CI: 'true', NODE_ENV: 'production', PRISMA_DEPLOYMENT_APPROVED: 'true',
        })
        const error = JSON.parse(ended.stdout)
        assert.equal(error.known, true, ended.output)
        assert.ok([77, 78].includes(error.exitCode), ended.output)
        const state = JSON.parse((await script('print(guard.readState().steps)')).stdout)
        assert.ok(state.every(({ present }) => !present))
      })
    }

    it('end the process as a refusal with its own exit code where nobody catches the error, and leave it to whoever does', async () => {
      const deploy = "guard.execPrismaApproved(['migrate', 'deploy'])"
      for (const uncaught of [deploy, `Promise.resolve().then(() => ${deploy})`]) {
        const ended = await script(uncaught, { DATABASE_URL: shop.url, CI: 'true' })
        assert.ok([77, 78].includes(ended.exitCode), ended.output)
        assert.match(ended.stderr, /^✖ [a-z-]+ {2}/)
        assert.doesNotMatch(ended.stderr, /\n\s+at |node:internal/)
      }
      const caught = await script(`process.on('uncaughtException', (error) => { print(error.rule); process.exit(3) }); ${deploy}`, { DATABASE_URL: shop.url, CI: 'true' })
      assert.equal(caught.exitCode, 3, caught.output)
      assert.match(caught.stdout, /^"[a-z-]+"\n$/)
    })
  })
})
