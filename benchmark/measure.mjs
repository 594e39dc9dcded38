// Measuring: commands in turn, so that a machine whose speed drifts drifts for all of them; medians, and ratios pair by pair.

import { spawnSync } from 'node:child_process'

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Wall milliseconds of one run of a command; throws unless it ends with `status`. */
export function run({ command, args, cwd, env, status = 0 }) {
  const start = process.hrtime.bigint()
  const ended = spawnSync(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6
  if (ended.status !== status) {
    const how = ended.error?.message ?? ended.signal ?? ended.status
    throw new Error(`${command} ${args.join(' ')} ended with ${how}, not ${status}:\n${ended.stdout ?? ''}${ended.stderr ?? ''}`)
  }
  return { milliseconds, output: ended.stdout.toString() }
}

/**
 * Runs the commands in turn, `rounds` times after `warmup` rounds, and returns each one's figures in the order of rounds.
 * `figure` takes the figure from a run; by default the wall time of the whole process.
 */
export function inTurn(commands, { rounds, warmup = 2, figure = ({ milliseconds }) => milliseconds }) {
  const figures = commands.map(() => [])
  for (let round = -warmup; round < rounds; round += 1) {
    for (const [index, command] of commands.entries()) {
      const value = figure(run(command))
      if (round >= 0) figures[index].push(value)
    }
  }
  return figures
}

/** The median of the ratios, round by round. */
export const ratio = (above, below) => median(above.map((value, index) => value / below[index]))

/** Nanoseconds of one call, the median of `samples` samples of `calls` calls each. */
export function perCall(body, { calls = 20_000, samples = 15 } = {}) {
  for (let index = 0; index < calls; index += 1) body()
  const taken = []
  for (let sample = 0; sample < samples; sample += 1) {
    const start = process.hrtime.bigint()
    for (let index = 0; index < calls; index += 1) body()
    taken.push(Number(process.hrtime.bigint() - start) / calls)
  }
  return median(taken)
}
