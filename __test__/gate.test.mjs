// The gate, attacked with the real Prisma CLI of the application: by its launcher, by its file, by another copy, with every variable set.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { tracer } from '../tools/demo/trace.mjs'
import { developer } from './support/environment.mjs'
import { productionDatabase } from './support/production-database.mjs'
import { Shop } from './support/shop.mjs'
import { onTerminal } from './support/terminal.mjs'

const boast = { CI: 'true', NODE_ENV: 'production', PRISMA_DEPLOYMENT_APPROVED: 'true', npm_lifecycle_event: 'deploy:db', DATABASE_ENV: 'development' }

describe('the gate', () => {
  /** @type {Shop} */
  let shop
  before(async () => {
    shop = await Shop.create()
    await productionDatabase(shop)
  })
  after(() => shop.remove())

  const launcher = () => path.join(shop.project, 'node_modules/.bin/prisma')
  const entry = () => path.join(shop.project, 'node_modules/prisma/build/index.js')

  async function refused(ended, rule = 'direct-execution', exitCode = 77) {
    const result = await ended
    assert.equal(result.exitCode, exitCode, result.output)
    assert.match(result.stderr, new RegExp(`✖ ${rule} `), result.output)
    return result
  }

  /** Runs an attack and asserts that the production database stayed as it was, byte for byte. */
  async function untouched(attack) {
    const before = shop.databaseDigest()
    await attack()
    assert.equal(shop.databaseDigest(), before, 'the production database changed')
  }

  for (const [name, args] of [
    ['migrate deploy', ['migrate', 'deploy']],
    ['migrate deploy behind options', ['--', 'migrate', '--', 'deploy', '--', '--help']],
    ['migrate reset', ['migrate', 'reset', '--force']],
    ['a reset that says false', ['db', 'push', '--force-reset=false']],
    ['migrate resolve', ['migrate', 'resolve', '--applied', 'x']],
    ['db push', ['db', 'push']],
    ['studio', ['studio', '--browser', 'none']],
    ['a command that nobody knows', ['migrate', 'everything']],
    ['a read without a proof of CI', ['migrate', 'status']],
  ]) {
    it(`refuses on production, with every variable set: ${name}`, () =>
      untouched(() => refused(shop.run(launcher(), args, { env: { ...boast, DATABASE_URL: shop.url } }))))
  }

  it('refuses an undeclared remote database as if it were production', () =>
    refused(shop.run(launcher(), ['db', 'push'], { env: { DATABASE_URL: 'postgresql://u:planted@db.unknown.example/x' } }))
      .then(({ output }) => assert.ok(!output.includes('planted'))))

  it("refuses Prisma's own file, which loads prisma.config.ts, and the string stays in custody", () =>
    untouched(async () => {
      for (const args of [['migrate', 'deploy'], ['migrate', 'reset', '--force'], ['db', 'push', '--accept-data-loss']]) {
        await refused(shop.node(entry(), ...args, { env: { ...boast, DATABASE_URL: shop.url } }))
      }
    }))

  it('refuses another copy of Prisma', () =>
    untouched(async () => {
      const other = path.join(shop.folder, 'other/node_modules')
      fs.mkdirSync(other, { recursive: true })
      for (const name of fs.readdirSync(path.join(shop.project, 'node_modules'))) {
        if (name !== 'prisma' && name !== '.bin') fs.symlinkSync(path.join(shop.project, 'node_modules', name), path.join(other, name))
      }
      fs.cpSync(path.join(shop.project, 'node_modules/prisma'), path.join(other, 'prisma'), { recursive: true })
      await refused(shop.node(path.join(other, 'prisma/build/index.js'), 'migrate', 'deploy', { env: { ...boast, DATABASE_URL: shop.url } }))
    }))

  it('refuses a variable that replaces the engine, by name', () =>
    untouched(async () => {
      const ended = await shop.run(launcher(), ['migrate', 'deploy'], { env: { DATABASE_URL: shop.url, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true' } })
      assert.equal(ended.exitCode, 77, ended.output)
      assert.match(ended.output, /✖ behaviour-override[\s\S]*PRISMA_SCHEMA_ENGINE_BINARY/)
    }))

  it('lets a command that needs no database pass, with the production variable set and with none', async () => {
    for (const env of [{ DATABASE_URL: shop.url }, {}]) {
      const ended = await shop.run(launcher(), ['validate'], { env })
      assert.equal(ended.exitCode, 0, ended.output)
    }
  })

  it("never opens a program file of Prisma's for a command that it refuses", async () => {
    const trace = tracer(shop.folder)
    const traced = async (args) => {
      const { prefix = [], environment } = trace.options()
      const [command, ...words] = [...prefix, process.execPath, launcher(), ...args]
      const ended = await shop.run(command, words, { env: { DATABASE_URL: shop.url, ...environment } })
      return { ...ended, opened: trace.opened(ended.output) }
    }
    for (const args of [['migrate', 'deploy'], ['migrate', 'reset', '--force'], ['db', 'push'], ['migrate', 'status']]) {
      const ended = await traced(args)
      assert.equal(ended.exitCode, 77, ended.output)
      assert.deepEqual(ended.opened, [], `${args.join(' ')}, seen by ${trace.how}`)
    }
    // The same eyes see Prisma where it does run.
    const passed = await traced(['validate'])
    assert.equal(passed.exitCode, 0, passed.output)
    assert.ok(passed.opened.some((file) => file.endsWith('/prisma/build/index.js')), `nothing seen by ${trace.how}`)
  })

  it('hands a process that is not the Prisma CLI an inert string in place of the production one', async () => {
    const ended = await shop.node('-e', "console.log(require('@org/prisma-guard/config').databaseUrl('DATABASE_URL'))", { env: { DATABASE_URL: shop.url } })
    assert.equal(ended.exitCode, 0, ended.output)
    assert.ok(!ended.stdout.includes(shop.database), ended.stdout)
  })

  it('changes nothing that a person or a script can see on a local database', async () => {
    const local = { DATABASE_URL: 'file:./data/local.db' }
    fs.mkdirSync(path.join(shop.project, 'data'), { recursive: true })
    const pushed = await shop.run(launcher(), ['db', 'push'], { env: local })
    assert.equal(pushed.exitCode, 0, pushed.output)
    for (const [args, options = {}] of [
      [['validate']],
      [['validate'], { env: { NO_COLOR: undefined, FORCE_COLOR: '1' } }],
      [['validate', '--schema', 'missing.prisma']],
      [['migrate', 'status']],
      [['migrate', 'status'], { cwd: path.join(shop.project, 'prisma') }],
      [['db', 'execute', '--stdin'], { input: 'SELECT 1;' }],
      [['db', 'execute', '--stdin'], { input: 'this is no SQL' }],
      [['db', 'nonsense']],
      [['nonsense']],
      [['--help']],
      [['migrate', '--help']],
      [['migrate', 'deploy', '--help']],
      [[]],
    ]) {
      const how = { ...options, env: { ...local, ...options.env } }
      const gated = await shop.run(launcher(), args, how)
      const plain = await shop.node(entry(), ...args, how)
      // How long a command took is the one thing that differs from run to run.
      const seen = ({ exitCode, stdout, stderr }) => ({ exitCode, stdout: stdout.replace(/\d+ms/g, 'ms'), stderr })
      if (args[1] === 'nonsense') assert.notEqual(gated.exitCode, 77, gated.output)
      assert.deepEqual(seen(gated), seen(plain), args.join(' '))
    }
  })

  it('changes nothing on a terminal: colours, a prompt that is answered, a prompt that is interrupted', async () => {
    const local = { DATABASE_URL: 'file:./data/local.db', NO_COLOR: undefined, TERM: 'xterm-256color' }
    fs.mkdirSync(path.join(shop.project, 'data'), { recursive: true })
    assert.equal((await shop.run(launcher(), ['db', 'push'], { env: local })).exitCode, 0)
    const question = /Are you sure you want to reset your database/
    for (const [name, args, { prompt, keys, exitCode }] of [
      ['colours', ['validate'], { exitCode: 0 }],
      ['no', ['migrate', 'reset'], { prompt: question, keys: 'n', exitCode: 130 }],
      ['Ctrl-C', ['migrate', 'reset'], { prompt: question, keys: '\x03', exitCode: 130 }],
      ['yes', ['migrate', 'reset'], { prompt: question, keys: 'y', exitCode: 0 }],
    ]) {
      const gated = await onTerminal([launcher(), ...args], { cwd: shop.project, env: developer(local), prompt, keys })
      const plain = await onTerminal([process.execPath, entry(), ...args], { cwd: shop.project, env: developer(local), prompt, keys })
      assert.equal(gated.exitCode, exitCode, `${name}: ${gated.output}`)
      assert.match(gated.output, /\x1b\[\d+m/, name)
      assert.deepEqual(gated, plain, name)
    }
  })

  it('is shut again by one command after the real CLI was linked back, and says so until then', async () => {
    const original = fs.readFileSync(entry())
    fs.rmSync(launcher())
    fs.symlinkSync('../prisma/build/index.js', launcher())
    const open = await shop.guard('doctor')
    assert.equal(open.exitCode, 1, open.output)
    assert.match(open.output, /OPEN/)
    assert.equal((await shop.guard('install')).exitCode, 0)
    assert.equal((await shop.guard('doctor')).exitCode, 0)
    const once = fs.readFileSync(launcher())
    assert.equal((await shop.guard('install')).exitCode, 0)
    assert.deepEqual(fs.readFileSync(launcher()), once, 'install is not idempotent')
    assert.deepEqual(fs.readFileSync(entry()), original, "Prisma's own file was written through the link")
    await untouched(() => refused(shop.run(launcher(), ['migrate', 'deploy'], { env: { ...boast, DATABASE_URL: shop.url } })))
    assert.equal((await shop.guard('uninstall')).exitCode, 0)
    assert.equal(fs.readlinkSync(launcher()), '../prisma/build/index.js')
    assert.equal((await shop.guard('install')).exitCode, 0)
  })
})
