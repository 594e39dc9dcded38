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
/** Enough calls for the clock and for the compiler of JavaScript, few enough where one takes long. */
const CALLS = 2000

const figures = strings.map(({ url, peers: readable }) => {
  const bodies = [() => classifyDatabaseUrl(url), ...(readable ? [() => parse(url), () => parseUrl(url)] : [])]
  const [ours, postgresql, mysql] = bodies.map(() => [])
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, body] of bodies.entries()) [ours, postgresql, mysql][index].push(perCall(body, { calls: CALLS, samples: 1 }))
  }
  return { ours, others: readable ? { 'pg-connection-string': postgresql, mysql2: mysql } : {} }
})
process.stdout.write(JSON.stringify(figures))
