// The first `require` and `validateDatabaseUrlEarly()`, over a bare start of Node: what a process pays for being guarded.
// Whole processes, so that the pages of the addon and its end are paid for too. The floor runs the very same words with the empty addon.
// Knows the three processes. Knows nothing of what the package does in one.

import { inTurn, median } from './measure.mjs'
import { millisecondsOf, times } from './table.mjs'

export const title = 'the first require and validateDatabaseUrlEarly()'

const BOUND = 1.3
const ROUNDS = 150
const words = "require('@org/prisma-guard').validateDatabaseUrlEarly()"

export function measure({ guarded, empty, port, environment }) {
  const strings = {
    'a local file': 'file:./data/development.db',
    'PostgreSQL on localhost, where something listens': `postgresql://shop:s3cret@localhost:${port}/shop`,
  }
  const node = (cwd, code, url) => ({ command: process.execPath, args: ['-e', code], cwd, env: environment({ DATABASE_URL: url }) })
  const [file] = Object.values(strings)
  const [bare, floor, ...ours] = inTurn([
    node(guarded.project, '0', file),
    node(empty, words, file),
    ...Object.values(strings).map((url) => node(guarded.project, words, url)),
  ], { rounds: ROUNDS })

  // Round by round over the bare start of the same round. The ratio is of medians: what the empty addon takes is less than what one start of
  // Node differs from the next, so that a single round's ratio says nothing.
  const over = (figures) => median(figures.map((value, index) => value - bare[index]))
  return Object.keys(strings).map((what, index) => {
    const ratio = over(ours[index]) / over(floor)
    return {
      what: `first require + validateDatabaseUrlEarly(), ${what}; over a bare start of Node`,
      ours: millisecondsOf(over(ours[index])),
      floor: `${millisecondsOf(over(floor))} (an empty addon, same loader)`,
      peers: `bare start: ${millisecondsOf(median(bare))}`,
      ratio: times(ratio),
      bound: times(BOUND),
      within: ratio < BOUND,
    }
  })
}
