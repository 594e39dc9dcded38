// Starts the CI runner and gives it jobs. Knows the spool folder's files; all else is the runner's.

import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const program = path.join(path.dirname(fileURLToPath(import.meta.url)), 'runner.mjs')
/** How often the client looks for a job's output and end, in milliseconds. */
const INTERVAL = 50
/** How long the service may take to start or to end, in milliseconds. */
const PATIENCE = 60_000

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

async function appears(file, what, service) {
  for (const deadline = Date.now() + PATIENCE; !fs.existsSync(file); await wait(INTERVAL)) {
    if (Date.now() > deadline) throw new Error(`${what} after ${PATIENCE / 1000} seconds. ${read(service)}`)
  }
}

const read = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '')

/**
 * Starts a runner as a service of its own.
 * @param {{ port?: number }} [options] port: the identity provider's, on loopback; 0 or nothing for a free one
 * @returns {Promise<{ issuer: string, pid: number, run: (job: Job) => Promise<{ exitCode: number, output: string }>, stop: () => Promise<void> }>}
 *
 * @typedef {object} Job
 * @property {string} cwd the checked-out project
 * @property {string} command what the workflow's `run:` says
 * @property {Record<string, string>} [env] what the workflow's `env:` sets
 * @property {Record<string, string | null>} [claims] override the token's claims; null leaves one out
 * @property {object} [signature] how a villain's token is made, see identity-provider.mjs
 * @property {string} [runId] the run's id, where a job belongs to an earlier one's run
 * @property {string} [runAttempt] the attempt of the run, '1' if not said
 * @property {(text: string) => void} [onOutput] gets the output while the job runs
 */
export async function startRunner({ port = 0 } = {}) {
  const spool = fs.mkdtempSync(path.join(os.tmpdir(), 'ci-spool-'))
  const serviceLog = path.join(spool, 'service.log')
  const starter = spawn(process.execPath, [program, spool, String(port)], { stdio: 'ignore' })
  await new Promise((resolve, reject) => starter.once('error', reject).once('exit', resolve))
  await appears(path.join(spool, 'service.json'), 'The CI runner did not start', serviceLog)
  const { issuer, pid } = JSON.parse(read(path.join(spool, 'service.json')))
  let count = 0

  async function run({ onOutput = () => {}, ...job }) {
    const name = `job-${++count}`
    const file = path.join(spool, name)
    fs.writeFileSync(`${file}.part`, JSON.stringify(job), { mode: 0o600 })
    fs.renameSync(`${file}.part`, `${file}.json`)
    let output = ''
    const more = () => {
      const text = read(`${file}.log`)
      if (text.length > output.length) onOutput(text.slice(output.length))
      output = text
    }
    while (!fs.existsSync(`${file}.exit`)) {
      more()
      if (fs.existsSync(path.join(spool, 'stopped')) || !alive(pid)) throw new Error(`The CI runner ended before ${name}. ${read(serviceLog)}`)
      await wait(INTERVAL)
    }
    more()
    return { exitCode: Number(read(`${file}.exit`)), output }
  }

  async function stop() {
    fs.writeFileSync(path.join(spool, 'stop'), '')
    if (alive(pid)) await appears(path.join(spool, 'stopped'), 'The CI runner did not end', serviceLog)
    fs.rmSync(spool, { recursive: true, force: true })
  }

  return { issuer, pid, run, stop }
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
