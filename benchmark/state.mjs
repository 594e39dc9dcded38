// One write of a record, attestation apart, beside the bare write, fsync, rename, fsync of as many bytes. Both are measured in turn by the
// example bench-state of guard-core; here it is started, several times, and read. Knows its three lines. Knows nothing of records.

import { median, run } from './measure.mjs'
import { fileSystem } from './machine.mjs'
import { microsecondsOf, times } from './table.mjs'

export const title = 'the write of a record'

const BOUND = 1.3
const RUNS = 5

export function measure({ state, disk, environment }) {
  const runs = Array.from({ length: RUNS }, () => {
    const { output } = run({ command: state, args: [disk], cwd: disk, env: environment() })
    const [floor, ours] = ['bare write', 'one record'].map((name) => Number(new RegExp(`^${name}.* (\\d+) ns$`, 'm').exec(output)?.[1]))
    if (!(floor > 0 && ours > 0)) throw new Error(`bench-state printed something else than expected:\n${output}`)
    return { floor, ours }
  })
  const ratio = median(runs.map(({ ours, floor }) => ours / floor))
  return [{
    what: `one record written, attestation apart, on ${fileSystem(disk)}`,
    ours: microsecondsOf(median(runs.map(({ ours }) => ours))),
    floor: `${microsecondsOf(median(runs.map(({ floor }) => floor)))} (write, fsync, rename, fsync)`,
    peers: '–',
    ratio: times(ratio),
    bound: times(BOUND),
    within: ratio < BOUND,
  }]
}
