// The approval, attacked around the real Prisma CLI with a holder that anybody can write: a Node script that takes the lock with flock(1),
// starts the CLI with a pipe of Node's own (which is a pair of sockets that Node made) and says what it likes. The identity provider is the
// one that the policy trusts, so that each attack is honest in everything but one thing.

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, beforeEach, describe, it } from 'node:test'
import { githubClaims, startIdentityProvider } from './support/ci/identity-provider.mjs'
import { appliedMigrations, migrationNames, productionDatabase } from './support/production-database.mjs'
import { developer } from './support/environment.mjs'
import { Shop } from './support/shop.mjs'

const DEPLOY = ['migrate', 'deploy']
const CHAIN = '0123456789abcdef0123456789abcdef'
const PASSWORD = 'planted-hunter2'
const REMOTE = `postgresql://deployer:${PASSWORD}@db.prod.example.com:5432/shop`

// Says who it is, is told what to run and what to say, and answers with how that ended.
const holder = String.raw`
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { createInterface } from 'node:readline'

const stat = fs.readFileSync('/proc/self/stat', 'utf8')
const identity = { pid: process.pid, start: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) }
const text = async (stream) => {
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
console.log(JSON.stringify(identity))
const { value } = await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next()
const { lock, command, args, env, message } = JSON.parse(value)
let flock
if (lock !== null) {
  const file = '.deployment-state/deployment.lock'
  fs.mkdirSync('.deployment-state', { recursive: true, mode: 0o700 })
  flock = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await new Promise((resolve) => flock.stdout.once('data', resolve))
  fs.writeFileSync(file, JSON.stringify({ process: identity, chain: lock, since: 0 }))
}
const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
child.stdin.on('error', () => {})
child.stdin.write(message)
const exited = new Promise((resolve) => child.on('exit', resolve))
const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exited])
flock?.stdin.end()
console.log(JSON.stringify({ exitCode, output: stdout + stderr }))
process.exit(0)
`

/** RFC 8785, as far as an approval needs it. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object') return JSON.stringify(value)
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex')

/** What an approval calls the one SQLite database that it is for: an attacker reads the source, and computes it as the guard does. */
function targetsOf(database) {
  const endpoint = `Endpoint { host: None, port: None, database: Some(${JSON.stringify(database)}), socket: None }`
  return sha256(`[${JSON.stringify(`Some(Sqlite) Production Some("production") [${JSON.stringify(endpoint)}] None`)}]`)
}

describe('an approval', () => {
  /** @type {Shop} */
  let shop
  let provider
  let other
  let script
  const second = () => path.join(shop.folder, 'second.db')
  before(async () => {
    provider = await startIdentityProvider()
    other = await startIdentityProvider()
    shop = await Shop.create({
      issuer: provider.issuer,
      policy: ({ environments: { production } }) => {
        const folder = path.dirname(production.databases[0])
        production.databases.push(`${folder}/second.db`, 'db.prod.example.com')
      },
    })
    script = path.join(shop.folder, 'holder.mjs')
    fs.writeFileSync(script, holder)
  })
  after(async () => {
    await Promise.all([provider?.stop(), other?.stop()])
    shop?.remove()
  })
  beforeEach(async () => {
    await productionDatabase(shop)
    fs.copyFileSync(shop.database, second())
  })

  const launcher = () => path.join(shop.project, 'node_modules/.bin/prisma')
  const entry = () => path.join(shop.project, 'node_modules/prisma/build/index.js')
  /** The launcher's door, and that of prisma.config.ts behind the CLI's own file. */
  const doors = () => [[launcher()], [process.execPath, entry()]]

  /** A token of the job that the policy trusts, as its identity provider gives it to whoever asks with the job's own secret. */
  const token = (digest, { by = provider, audience = `prisma-guard:sha256:${digest}`, claims = {}, signature } = {}) => {
    const job = githubClaims({
      repository: 'octo-org/shop', repositoryId: '123456', ref: 'refs/heads/main', sha: shop.git('rev-parse', 'HEAD').trim(),
      environment: 'production', runId: '77', runNumber: '1', runAttempt: '1', eventName: 'push', workflow: 'deploy',
    })
    return { kind: 'oidc', token: by.sign({ ...job, ...claims }, audience, signature) }
  }

  const variables = (env) => developer({ CI: 'true', PRISMA_DEPLOYMENT_APPROVED: 'true', DATABASE_URL: shop.url, ...env })

  /**
   * Runs the CLI below a holder. All is as in an honest deployment but for what is given: `command` and `args` are run with `env`;
   * `approve` changes what is approved, `attest` how it is signed, `message` replaces it; `lock: null` takes none.
   */
  async function held({ command = [process.execPath, entry()], args = DEPLOY, env = {}, approve = {}, attest = token, message, lock = CHAIN } = {}) {
    const child = spawn(process.execPath, [script], { cwd: shop.project, env: developer(), stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const answer = async () => JSON.parse((await lines.next()).value)
    const approved = {
      arguments: DEPLOY, targets: targetsOf(shop.database), environment: 'production', chain: CHAIN, holder: await answer(), nonce: 'f'.repeat(32), ...approve,
    }
    const approval = () => `${JSON.stringify({ command: approved, attestation: attest(sha256(canonical(approved))) })}\n`
    const told = { lock, command: command[0], args: [...command.slice(1), ...args], env: variables(env), message: message ?? approval() }
    child.stdin.end(`${JSON.stringify(told)}\n`)
    return answer()
  }

  function refused({ exitCode, output }, why) {
    assert.equal(exitCode, 77, output)
    assert.match(output, /✖ direct-execution /, output)
    assert.ok(output.includes(why), `does not say "${why}": ${output}`)
    assert.ok(!output.includes(PASSWORD) && !output.includes('eyJ'), `a secret was shown: ${output}`)
    assert.ok(!/Datasource "db"|migrations found|No pending/.test(output), `Prisma was reached: ${output}`)
  }

  const digests = () => [shop.database, second()].map((file) => sha256(fs.readFileSync(file)))

  /** Attacks through these doors, and asserts that the production databases stayed as they were, byte for byte. */
  async function attack(why, options, commands = doors()) {
    const before = digests()
    for (const command of commands) refused(await held({ command, ...options }), why)
    assert.deepEqual(digests(), before, 'a production database changed')
  }

  /** Through the launcher's door only, where the decision is the same code and Prisma's own start would take most of the time. */
  const attackLauncher = (why, options) => attack(why, options, [[launcher()]])

  it('opens the real CLI where it is genuine in everything, through either door', async () => {
    for (const command of doors()) {
      await productionDatabase(shop)
      assert.notDeepEqual(appliedMigrations(shop.database), migrationNames(shop.project))
      const ended = await held({ command })
      assert.equal(ended.exitCode, 0, ended.output)
      assert.deepEqual(appliedMigrations(shop.database), migrationNames(shop.project))
    }
  })

  it('is not made up by a script that takes the lock: the signature is missing', () =>
    attack("the approval's signature does not hold", { attest: () => ({ kind: 'oidc', token: 'e30.e30.e30' }) }))

  for (const [name, options] of [
    ['by another identity provider', () => ({ by: other })],
    ['with the algorithm none', () => ({ signature: { algorithm: 'none' } })],
    ['with the published key as a secret', () => ({ signature: { algorithm: 'HS256' } })],
    ['over another digest, as a record is', () => ({ audience: `prisma-guard:sha256:${sha256('a record')}` })],
    ['an hour ago', () => ({ signature: { skew: -3600 } })],
    ['for another repository', () => ({ claims: { repository_id: '999' } })],
    ['for another branch', () => ({ claims: { ref: 'refs/heads/feature' } })],
    ['for a pull request', () => ({ claims: { event_name: 'pull_request' } })],
  ]) {
    it(`is not signed ${name}`, () => attackLauncher("the approval's signature does not hold", { attest: (digest) => token(digest, options()) }))
  }

  it('comes from who holds the lock', () => attack('nobody holds the deployment lock', { lock: null }))

  it('is for the deployment that holds the lock', () =>
    attackLauncher('the approval is for another deployment', { lock: '8'.repeat(32) }))

  it('is not replayed by another process than the one that it was made by', () =>
    attackLauncher('the approval was made by another process than the one that sent it', { approve: { holder: { pid: 1, start: 1 } } }))

  it('is for its command line only', async () => {
    await attack('the approval is for another command line', { args: ['migrate', 'resolve', '--applied', migrationNames(shop.project).at(-1)] })
    await attackLauncher('the approval is for another command line', { args: [...DEPLOY, '--config', 'prisma.config.ts'] })
    await attackLauncher('the approval is for another command line', { args: [...DEPLOY, '--schema', 'prisma/schema.prisma'] })
  })

  it('is for its database only', async () => {
    await attack('the approval is for another database', { env: { DATABASE_URL: `file:${second()}` } })
    await attackLauncher('the approval is for another database', { env: { DATABASE_URL: REMOTE } })
  })

  it('opens no command that destroys', async () => {
    const args = ['migrate', 'reset', '--force']
    await attack("the policy's environment production names it", { args, approve: { arguments: args } })
  })

  it('is not the answer yes, nor anything else that is none', async () => {
    for (const message of ['yes\n', 'true\n', '{"approved":true}\n', '\n', `${'['.repeat(5000)}\n`]) {
      await attackLauncher('the message on the socket is no approval', { message })
    }
  })

  it('is not waited for without end, nor read without end', async () => {
    await attack('no message arrived within 5 seconds', { message: '' })
    await attackLauncher('the message is longer than 65536 bytes', { message: 'x'.repeat(300_000) })
  })

  it('is not inherited by what the child starts', async () => {
    // A shell that waits for the CLI is the child, and the CLI is the grandchild.
    const before = digests()
    for (const command of doors()) refused(await held({ command: ['sh', '-c', '"$@"; exit $?', 'sh', ...command] }), 'the socket was made by process')
    assert.deepEqual(digests(), before)
  })

  it('is not inherited by what prisma.config.ts starts while the deployment runs', async () => {
    const config = shop.read('prisma.config.ts')
    const nested = path.join(shop.folder, 'nested.json')
    const starts = [
      "import { spawnSync } from 'node:child_process'",
      "import { writeFileSync } from 'node:fs'",
      "const { status, stdout, stderr } = spawnSync(process.execPath, process.argv.slice(1), { stdio: ['inherit', 'pipe', 'pipe'], encoding: 'utf8' })",
      `writeFileSync(${JSON.stringify(nested)}, JSON.stringify({ exitCode: status, output: stdout + stderr }))`,
    ]
    try {
      shop.write('prisma.config.ts', `${config}\n${starts.join('\n')}\n`)
      const ended = await held()
      assert.equal(ended.exitCode, 0, ended.output)
      refused(JSON.parse(fs.readFileSync(nested, 'utf8')), 'the socket was made by process')
    } finally {
      shop.write('prisma.config.ts', config)
    }
  })

  it('is no file, pipe or variable', async () => {
    const before = digests()
    const approved = { arguments: DEPLOY, targets: targetsOf(shop.database), environment: 'production', chain: CHAIN, holder: { pid: process.pid, start: 1 }, nonce: 'f' }
    const file = path.join(shop.folder, 'approval.json')
    fs.writeFileSync(file, `${JSON.stringify({ command: approved, attestation: token(sha256(canonical(approved))) })}\n`)
    const named = path.join(shop.folder, 'named')
    execFileSync('mkfifo', [named])
    for (const command of doors()) {
      const ended = await shop.run(command[0], [...command.slice(1), ...DEPLOY], { env: variables({}) })
      refused(ended, 'standard input is not a socket that a parent made for this process')
    }
    for (const redirected of ['exec "$@" <&-', `exec "$@" < '${file}'`, `cat '${file}' | "$@"`, `exec 3<>'${named}'; cat '${file}' >&3; exec "$@" <&3`]) {
      const ended = await shop.run('sh', ['-c', redirected, 'sh', launcher(), ...DEPLOY], { env: variables({}) })
      refused(ended, 'standard input is not a socket that a parent made for this process')
    }
    for (const value of ['1', 'TRUE', file, named]) {
      const ended = await shop.run(launcher(), DEPLOY, { env: variables({ PRISMA_DEPLOYMENT_APPROVED: value, DATABASE_URL: REMOTE }) })
      refused(ended, 'no approval reached this process')
    }
    assert.deepEqual(digests(), before)
  })
})
