// A CI runner as a service: takes jobs from a spool folder and runs them as GitHub Actions does, with an identity provider of its own.
// Knows how GitHub starts a job (https://docs.github.com/en/actions/reference/workflows-and-actions/variables, and
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell: `bash -e {0}`).
// Knows nothing of Prisma or of the guard. Started by runner-client.mjs:
//
//   node runner.mjs SPOOL PORT        becomes a service: starts itself once more, detached, and ends, so that init adopts the service
//   node runner.mjs SPOOL PORT serve  is the service

import { spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { githubClaims, startIdentityProvider } from './identity-provider.mjs'

/** After so long without a job the service ends itself, in milliseconds. */
const IDLE = 10 * 60 * 1000
/** How often it looks into its spool folder, in milliseconds. */
const INTERVAL = 50

const [spool, port, serve] = process.argv.slice(2)

if (serve !== 'serve') {
  // `detached` is setsid(2): a session of its own. This process ends at once, so the service's parent becomes init, as a daemon's.
  const log = fs.openSync(path.join(spool, 'service.log'), 'a', 0o600)
  const service = spawn(process.execPath, [fileURLToPath(import.meta.url), spool, port, 'serve'], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: process.env.PATH.split(path.delimiter).filter((entry) => !/node_modules/.test(entry)).join(path.delimiter), LANG: 'C.UTF-8', HOME: spool }
  })
  service.unref()
} else {
  await work()
}

/** Writes a whole file at once, so that who waits for it never reads half of it. */
function publish(name, text) {
  const file = path.join(spool, name)
  fs.writeFileSync(`${file}.part`, text, { mode: 0o600 })
  fs.renameSync(`${file}.part`, file)
}

async function work() {
  const provider = await startIdentityProvider({ port: Number(port) })
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'ci-runner-'))
  publish('service.json', JSON.stringify({ issuer: provider.issuer, pid: process.pid }))
  let idleSince = Date.now()
  try {
    while (!fs.existsSync(path.join(spool, 'stop')) && Date.now() - idleSince < IDLE && fs.existsSync(spool)) {
      const next = fs.readdirSync(spool).filter((name) => /^job-\d+\.json$/.test(name)).sort().at(0)
      if (!next) {
        await new Promise((resolve) => setTimeout(resolve, INTERVAL))
        continue
      }
      const name = path.basename(next, '.json')
      const job = JSON.parse(fs.readFileSync(path.join(spool, next), 'utf8'))
      fs.rmSync(path.join(spool, next))
      let exitCode
      try {
        exitCode = await runJob(name, job, provider, home)
      } catch (error) {
        fs.appendFileSync(path.join(spool, `${name}.log`), `The runner could not run the job: ${error.message}\n`)
        exitCode = 126
      }
      publish(`${name}.exit`, String(exitCode))
      idleSince = Date.now()
    }
  } finally {
    await provider.stop()
    fs.rmSync(home, { recursive: true, force: true })
    if (fs.existsSync(spool)) publish('stopped', '')
  }
}

/**
 * One job: cwd, command, env (what the workflow's `env:` sets), claims (override GitHub's; null leaves one out), signature (see
 * identity-provider.mjs), runAttempt and runId (for a job of an earlier run).
 */
function runJob(name, { cwd, command, env = {}, claims = {}, signature, runId, runAttempt = '1' }, provider, home) {
  const git = spawnSync('git', ['rev-parse', 'HEAD'], { cwd, encoding: 'utf8' })
  const facts = {
    repository: 'octo-org/shop',
    repositoryId: '123456',
    ref: 'refs/heads/main',
    sha: git.status === 0 ? git.stdout.trim() : '0'.repeat(40),
    environment: 'production',
    runId: runId ?? String(randomInt(1e9, 1e10)),
    runNumber: name.slice('job-'.length),
    runAttempt,
    eventName: 'push',
    workflow: 'deploy'
  }
  const merged = Object.fromEntries(Object.entries({ ...githubClaims(facts), ...claims }).filter(([, value]) => value !== null))
  const token = provider.allow(merged, signature)
  const told = (claim) => String(merged[claim] ?? '')
  const temporary = fs.mkdtempSync(path.join(home, `${name}-`))
  const script = path.join(temporary, 'step.sh')
  fs.writeFileSync(script, `${command}\n`, { mode: 0o600 })
  for (const file of ['summary.md', 'output', 'environment']) fs.writeFileSync(path.join(temporary, file), '')
  const variables = {
    PATH: process.env.PATH,
    HOME: home,
    LANG: 'C.UTF-8',
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTOR: told('actor'),
    GITHUB_ACTOR_ID: told('actor_id'),
    GITHUB_BASE_REF: told('base_ref'),
    GITHUB_ENV: path.join(temporary, 'environment'),
    GITHUB_EVENT_NAME: told('event_name'),
    GITHUB_HEAD_REF: told('head_ref'),
    GITHUB_JOB: 'deploy',
    GITHUB_OUTPUT: path.join(temporary, 'output'),
    GITHUB_REF: told('ref'),
    GITHUB_REF_NAME: told('ref').replace(/^refs\/(heads|tags)\//, ''),
    GITHUB_REF_TYPE: told('ref_type'),
    GITHUB_REPOSITORY: told('repository'),
    GITHUB_REPOSITORY_ID: told('repository_id'),
    GITHUB_REPOSITORY_OWNER: told('repository_owner'),
    GITHUB_RUN_ATTEMPT: told('run_attempt'),
    GITHUB_RUN_ID: told('run_id'),
    GITHUB_RUN_NUMBER: told('run_number'),
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_SHA: told('sha'),
    GITHUB_STEP_SUMMARY: path.join(temporary, 'summary.md'),
    GITHUB_WORKFLOW: told('workflow'),
    GITHUB_WORKFLOW_REF: told('workflow_ref'),
    GITHUB_WORKSPACE: cwd,
    RUNNER_ARCH: process.arch.toUpperCase(),
    RUNNER_ENVIRONMENT: told('runner_environment'),
    RUNNER_NAME: 'runner-1',
    RUNNER_OS: process.platform === 'darwin' ? 'macOS' : 'Linux',
    RUNNER_TEMP: temporary,
    ACTIONS_ID_TOKEN_REQUEST_URL: token.url,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: token.token,
    ...env
  }
  const log = fs.openSync(path.join(spool, `${name}.log`), 'a', 0o600)
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-e', script], { cwd, env: variables, stdio: ['ignore', log, log] })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? 128 + (os.constants.signals[signal] ?? 0)))
  }).finally(() => {
    fs.closeSync(log)
    token.revoke()
    fs.rmSync(temporary, { recursive: true, force: true })
  })
}
