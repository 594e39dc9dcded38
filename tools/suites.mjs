// Runs suites one after the other, each a program with a budget of time, and prints what each took. Knows nothing of what
// they test. The suites' own output, with cargo's and node's closing lines, goes through unchanged.

import { spawn } from 'node:child_process'
import { root } from './build.mjs'

/** A suite that runs this many times longer than its budget hangs: it is ended and has failed. */
const patience = 4

function seconds(milliseconds) {
  const whole = Math.round(milliseconds / 1000)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

function runSuite({ command, args, budgetSeconds }, environment) {
  return new Promise((resolve) => {
    // A group of its own, so that what a hanging suite started ends with it.
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: environment, detached: true })
    const end = () => {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // Already gone.
      }
    }
    let hung = false
    const timer = setTimeout(() => { hung = true; end() }, budgetSeconds * 1000 * patience)
    const interrupted = (signal) => { end(); process.exit(signal === 'SIGINT' ? 130 : 143) }
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
    const finish = (failure) => {
      clearTimeout(timer)
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
      resolve(hung ? `ended after ${patience} times its budget` : failure)
    }
    child.on('error', (error) => finish(error.message))
    child.on('exit', (code, signal) => finish(code === 0 ? null : (signal ?? `exit code ${code}`)))
  })
}

/**
 * Runs all suites, also after one has failed, and returns whether all passed. The last line printed is the summary.
 * @param {{ name: string, command: string, args: string[], budgetSeconds: number }[]} suites
 * @param {NodeJS.ProcessEnv} environment
 */
export async function runSuites(suites, environment) {
  const started = Date.now()
  const lines = []
  const failed = []
  for (const suite of suites) {
    process.stdout.write(`\n── ${suite.name} (budget ${seconds(suite.budgetSeconds * 1000)}) ──\n`)
    const began = Date.now()
    const failure = await runSuite(suite, environment)
    const took = Date.now() - began
    const over = took > suite.budgetSeconds * 1000 ? ', over its budget' : ''
    if (failure !== null) failed.push(suite.name)
    lines.push(`${failure === null ? 'passed' : 'FAILED'}  ${suite.name}: ${seconds(took)} of ${seconds(suite.budgetSeconds * 1000)}${over}${failure === null ? '' : ` (${failure})`}`)
    process.stdout.write(`── ${lines.at(-1)}\n`)
  }
  process.stdout.write(`\n${lines.join('\n')}\n`)
  const total = seconds(Date.now() - started)
  process.stdout.write(failed.length === 0
    ? `All ${suites.length} suites passed in ${total}.\n`
    : `${failed.length} of ${suites.length} suites FAILED in ${total}: ${failed.join(', ')}.\n`)
  return failed.length === 0
}
