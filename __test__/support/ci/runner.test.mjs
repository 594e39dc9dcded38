// What the CI runner claims to be, shown by what a job in it sees.

import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startRunner } from './runner-client.mjs'

const node = JSON.stringify(process.execPath)

describe('the CI runner', () => {
  let runner
  let cwd
  before(async () => {
    process.env.LEAKED_FROM_THE_STARTER = 'yes'
    cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'ci-job-'))
    runner = await startRunner()
  })
  after(async () => {
    delete process.env.LEAKED_FROM_THE_STARTER
    await runner.stop()
    fs.rmSync(cwd, { recursive: true, force: true })
  })

  const script = (text) => {
    const file = path.join(cwd, 'script.mjs')
    fs.writeFileSync(file, text)
    return `${node} ${file}`
  }
  const seen = async (text, more = {}) => {
    const { exitCode, output } = await runner.run({ cwd, command: script(text), ...more })
    assert.equal(exitCode, 0, output)
    return JSON.parse(output)
  }
  const askForToken = `const ask = (bearer) => fetch(process.env.ACTIONS_ID_TOKEN_REQUEST_URL + '&audience=challenge-1', { headers: { authorization: 'Bearer ' + bearer } })\n`
  const token = (more) => seen(`${askForToken}console.log(JSON.stringify(await (await ask(process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN)).json()))`, more)
  const payload = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'))
  const verifies = async (jwt) => {
    const configuration = await (await fetch(`${runner.issuer}/.well-known/openid-configuration`)).json()
    assert.equal(configuration.issuer, runner.issuer)
    const { keys } = await (await fetch(configuration.jwks_uri)).json()
    const [header, body, signature] = jwt.split('.')
    const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url'))
    const key = keys.find((candidate) => candidate.kid === kid)
    return alg === 'RS256' && key !== undefined && verify('RSA-SHA256', Buffer.from(`${header}.${body}`), createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url'))
  }

  it('runs a job whose ancestors end at init and do not include its starter', async () => {
    const ancestors = await seen(`
      import fs from 'node:fs'
      const found = []
      for (let pid = process.ppid; pid > 0; ) {
        // proc(5): pid (name) state ppid pgrp session; the name may hold any character
        const [, parent, , session] = fs.readFileSync('/proc/' + pid + '/stat', 'utf8').replace(/^.*\\) /s, '').split(' ').map(Number)
        found.push({ pid, session })
        pid = parent
      }
      console.log(JSON.stringify(found))`)
    assert.ok(ancestors.every(({ pid }) => pid !== process.pid), `${process.pid} is among ${JSON.stringify(ancestors)}`)
    assert.ok(ancestors.some(({ pid }) => pid === runner.pid))
    const [shell, service, ...adopters] = ancestors
    assert.equal(service.pid, runner.pid)
    assert.equal(service.session, runner.pid, 'the service leads a session of its own')
    assert.equal(shell.session, runner.pid)
    // Above the service there are only reapers: init, or the one that adopts orphans in its place.
    const ours = new Set()
    for (let pid = process.ppid; pid > 1; ) {
      ours.add(pid)
      pid = Number(fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')[1])
    }
    assert.ok(adopters.at(-1).pid === 1 || adopters.length === 0, JSON.stringify(ancestors))
    assert.ok(adopters.length === 1 || !ours.has(adopters[0].pid), 'the service was not adopted')
  })

  it('gives a job a clean environment with the variables of GitHub Actions', async () => {
    const env = await seen('console.log(JSON.stringify(process.env))', { env: { DATABASE_URL: 'file:./x.db' } })
    assert.equal(env.LEAKED_FROM_THE_STARTER, undefined)
    assert.equal(env.CI, 'true')
    assert.equal(env.GITHUB_ACTIONS, 'true')
    assert.equal(env.DATABASE_URL, 'file:./x.db')
    assert.notEqual(env.HOME, os.homedir())
    const known = /^(CI|PATH|HOME|LANG|PWD|OLDPWD|SHLVL|_|DATABASE_URL|GITHUB_[A-Z_]+|RUNNER_[A-Z]+|ACTIONS_ID_TOKEN_REQUEST_(URL|TOKEN))$/
    assert.deepEqual(Object.keys(env).filter((name) => !known.test(name)), [])
  })

  it('answers with a token that verifies against the published keys and holds GitHub\'s claims', async () => {
    const { count, value } = await token()
    assert.equal(count, value.length)
    assert.ok(await verifies(value))
    const claims = payload(value)
    assert.equal(claims.aud, 'challenge-1')
    assert.equal(claims.iss, runner.issuer)
    assert.equal(claims.exp - claims.iat, 300)
    assert.equal(claims.sub, 'repo:octo-org/shop:environment:production')
    for (const name of ['repository_id', 'repository_owner_id', 'run_id', 'run_number', 'run_attempt', 'actor_id']) assert.match(claims[name], /^\d+$/, name)
    const other = payload((await token()).value)
    assert.notEqual(other.run_id, claims.run_id)
    assert.notEqual(other.jti, claims.jti)
  })

  it('refuses a wrong bearer, and the right one once its job has ended', async () => {
    const answers = await seen(`${askForToken}
      const right = process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN
      console.log(JSON.stringify({ wrong: (await ask('x' + right.slice(1))).status, none: (await ask('')).status, right: (await ask(right)).status, bearer: right, url: process.env.ACTIONS_ID_TOKEN_REQUEST_URL }))`)
    assert.deepEqual([answers.wrong, answers.none, answers.right], [401, 401, 200])
    const late = await fetch(`${answers.url}&audience=x`, { headers: { authorization: `Bearer ${answers.bearer}` } })
    assert.equal(late.status, 401)
  })

  it('lets a test play the villain: claims, lifetime, skew, algorithm, key', async () => {
    const claims = payload((await token({ claims: { ref: 'refs/heads/feature', environment: null } })).value)
    assert.equal(claims.ref, 'refs/heads/feature')
    assert.ok(!('environment' in claims))
    const old = payload((await token({ signature: { skew: -7200, lifetime: 60 } })).value)
    assert.ok(old.exp < Date.now() / 1000 && old.exp - old.iat === 60)
    for (const signature of [{ algorithm: 'none' }, { algorithm: 'HS256' }, { keyId: 'another' }]) assert.ok(!(await verifies((await token({ signature })).value)))
  })

  it('ends at the first command that fails, and hands back its exit code and output', async () => {
    let streamed = ''
    const ended = await runner.run({ cwd, command: 'echo before\n(exit 42)\necho after', onOutput: (text) => (streamed += text) })
    assert.deepEqual(ended, { exitCode: 42, output: 'before\n' })
    assert.equal(streamed, 'before\n')
  })

  it('says so where a job cannot run at all', async () => {
    const ended = await runner.run({ cwd: path.join(cwd, 'not there'), command: 'true' })
    assert.equal(ended.exitCode, 126)
    assert.match(ended.output, /could not run the job/)
  })
})
