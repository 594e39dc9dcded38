// A refused command, beside a bare start of Node: the refusal must come before Prisma costs anything, so it is also traced that none of
// Prisma's program was opened. Knows the command and how it ends. Knows nothing of why it is refused.

import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { tracer } from '../tools/demo/trace.mjs'
import { inTurn, median, ratio } from './measure.mjs'
import { millisecondsOf, times } from './table.mjs'

export const title = 'a refused command'

const BOUND = 1.3
const ROUNDS = 60
/** The exit code of a refusal. */
const REFUSED = 77
const words = ['migrate', 'deploy']

/** How many files of Prisma's program the command opens, and how that was seen. */
function opened({ command, args, cwd, env }, folder) {
  const trace = tracer(folder)
  const { prefix = [], environment } = trace.options()
  const [first, ...rest] = [...prefix, command, ...args]
  const { status, stdout, stderr } = spawnSync(first, rest, { cwd, env: { ...env, ...environment }, encoding: 'utf8' })
  if (status !== REFUSED) throw new Error(`${command} ended with ${status}, not ${REFUSED}:\n${stdout}${stderr}`)
  return { count: trace.opened(stdout + stderr).length, how: trace.how.split(',')[0] }
}

export function measure({ guarded, environment }) {
  const cwd = guarded.project
  const env = environment({ DATABASE_URL: guarded.url })
  const refused = { command: path.join(cwd, 'node_modules/.bin/prisma'), args: words, cwd, env, status: REFUSED }
  const [bare, ours] = inTurn([{ command: process.execPath, args: ['-e', '0'], cwd, env }, refused], { rounds: ROUNDS })
  const { count, how } = opened(refused, guarded.folder)
  const share = ratio(ours, bare)
  return [{
    what: `a refused command: prisma ${words.join(' ')} on production; files of Prisma's program opened: ${count} (${how})`,
    ours: millisecondsOf(median(ours)),
    floor: `${millisecondsOf(median(bare))} (node -e 0)`,
    peers: '–',
    ratio: times(share),
    bound: `${times(BOUND)}, Prisma never loaded`,
    within: share < BOUND && count === 0,
  }]
}
