// How the demo tells its story: numbered steps, commands as a person types them, their output indented, and expectations.
// Knows terminals and processes. Knows nothing of Prisma or of the guard.

import { spawn } from 'node:child_process'

const colour = process.stdout.isTTY === true && !process.env.NO_COLOR
const paint = (code) => (text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
const bold = paint(1)
const dim = paint(2)
const green = paint(32)
const red = paint(31)

const started = Date.now()
let steps = 0
const show = (text) => process.stdout.write(text)

/** Seconds since the demo began. */
export const elapsed = () => Math.round((Date.now() - started) / 1000)

export function title(text) {
  show(`${bold(text)}\n`)
}

export function step(text) {
  show(`\n${bold(`${++steps}. ${text}`)}\n`)
}

export const stepCount = () => steps

export function say(text) {
  show(`   ${text}\n`)
}

/** What was expected and came true. */
export function outcome(text) {
  show(`   ${green('✔')} ${text}\n`)
}

/** An expectation that did not come true ends the demo. */
export class Failed extends Error {}

/** @param {unknown} condition @param {string} claim what is said where it holds @param {string} [otherwise] what was found instead */
export function expect(condition, claim, otherwise) {
  if (!condition) throw new Failed(`expected: ${claim}${otherwise ? `\n   found: ${otherwise}` : ''}`)
  outcome(claim)
}

export function failure(error) {
  const text = error instanceof Failed ? error.message : (error.stack ?? String(error))
  process.stderr.write(`\n   ${red('✖')} ${text}\n`)
}

/** Writes text indented and line by line, whatever pieces it comes in; a progress bar's repainting is left out. */
export function indented() {
  let rest = ''
  const line = (text) => show(`     ${dim('│')} ${text.replace(/^.*\r(?=.)/, '').replace(/\x1b\[\d*[GK]/g, '').trimEnd()}\n`)
  return {
    write(text) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      lines.forEach(line)
    },
    end() {
      if (rest) line(rest)
      rest = ''
    }
  }
}

/** The command as a person types it. */
export function typed(command) {
  show(`   ${dim('$')} ${command}\n`)
}

/**
 * Runs a command line in a shell and shows it.
 * @param {string} command
 * @param {{ cwd: string, env: Record<string, string>, shown?: boolean, label?: string, prefix?: string[] }} options
 *   shown: false keeps its output back (it is returned, and shown where the command fails); label: what is shown instead of the command;
 *   prefix: a program and its arguments that run the shell (a tracer)
 * @returns {Promise<{ exitCode: number, output: string }>}
 */
export async function run(command, { cwd, env, shown = true, label = command, prefix = [] }) {
  typed(label)
  const [program, ...words] = [...prefix, 'sh', '-c', command]
  const screen = indented()
  let output = ''
  const exitCode = await new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => {
        output += text
        if (shown) screen.write(text)
      })
    }
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? `ended by ${signal}`))
  })
  screen.end()
  return { exitCode, output }
}

/** As `run`, for what must succeed: its output is shown only where it does not. */
export async function must(command, options) {
  const ended = await run(command, { shown: false, ...options })
  if (ended.exitCode !== 0) throw new Failed(`expected: \`${options.label ?? command}\` succeeds\n   found: exit code ${ended.exitCode}\n${ended.output}`)
  return ended
}
