// The gate on a command that passes, beside the Prisma CLI without it.
// Twice: both doors (the launcher, and prisma.config.ts, which asks again) against an application that never adopted the guard; and the
// launcher alone against the CLI's own file in the same application. Knows the commands. Knows nothing of what the gate decides.

import path from 'node:path'
import { inTurn, median } from './measure.mjs'
import { millisecondsOf, percent } from './table.mjs'

export const title = 'the gate on commands that pass'

const BOUND = 0.03
const ROUNDS = 20
const words = [['--version'], ['validate']]

export function measure({ guarded, plain, environment }) {
  const env = environment({ DATABASE_URL: 'file:./data/development.db' })
  // As `npx` starts it, and as Node does: each is compared with its like.
  const bin = (cwd, args) => ({ command: path.join(cwd, 'node_modules/.bin/prisma'), args, cwd, env })
  const node = (file, args) => ({ command: process.execPath, args: [file, ...args], cwd: guarded.project, env })
  return words.flatMap((args) => {
    const [without, both, own, launcher] = inTurn([
      bin(plain, args),
      bin(guarded.project, args),
      node('node_modules/prisma/build/index.js', args),
      node('node_modules/.bin/prisma', args),
    ], { rounds: ROUNDS })
    return [
      row(`prisma ${args.join(' ')}, both doors`, both, without, 'Prisma without the guard'),
      row(`prisma ${args.join(' ')}, the launcher alone`, launcher, own, "Prisma's own file"),
    ]
  })
}

function row(what, ours, floor, floorName) {
  const more = median(ours.map((value, index) => value - floor[index]))
  const share = more / median(floor)
  return {
    what: `the gate, ${what}`,
    ours: `${millisecondsOf(median(ours))} (${more < 0 ? '' : '+'}${millisecondsOf(more)})`,
    floor: `${millisecondsOf(median(floor))} (${floorName})`,
    peers: '–',
    ratio: percent(share),
    bound: percent(BOUND),
    within: share < BOUND,
  }
}
