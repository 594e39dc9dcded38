// The process in which classify.mjs measures: calls each function on each string, in turn, and prints the nanoseconds of each sample as JSON.
// Knows the functions' names. Knows nothing of bounds and tables.

import { createRequire } from 'node:module'
import path from 'node:path'
import { perCall } from './measure.mjs'

const { project, peers, strings } = JSON.parse(process.argv[2])
const { classifyDatabaseUrl } = createRequire(path.join(project, 'package.json'))('@org/prisma-guard')
const load = createRequire(path.join(peers, 'package.json'))
const { parse } = load('pg-connection-string')
// By its path: the package exports only its whole driver.
const { parseUrl } = load(path.join(peers, 'mysql2/lib/connection_config.js'))

const ROUNDS = 9
/** What one sample takes, about: long enough for the clock, short enough where a call takes milliseconds. */
const SAMPLE_NANOSECONDS = 30e6

/** How many calls make a sample. */
function callsOf(body) {
  const one = perCall(body, { calls: 3, samples: 1 })
  return Math.min(20_000, Math.max(3, Math.round(SAMPLE_NANOSECONDS / one)))
}

const figures = strings.map(({ url, peers: readable }) => {
  const bodies = [() => classifyDatabaseUrl(url), ...(readable ? [() => parse(url), () => parseUrl(url)] : [])]
  const calls = bodies.map(callsOf)
  const [ours, postgresql, mysql] = bodies.map(() => [])
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, body] of bodies.entries()) [ours, postgresql, mysql][index].push(perCall(body, { calls: calls[index], samples: 1 }))
  }
  return { ours, others: readable ? { 'pg-connection-string': postgresql, mysql2: mysql } : {} }
})
process.stdout.write(JSON.stringify(figures))
