// `classifyDatabaseUrl`, one call, beside what the drivers' own parsers take for the same string.
// A process of its own in the application's folder, as an application would call it; samples of each function in turn.
// Knows the strings and the bounds. Knows nothing of the functions, which classify-process.mjs calls.

import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, ratio, run } from './measure.mjs'
import { microsecondsOf, times } from './table.mjs'

export const title = 'classifyDatabaseUrl'

const BOUND_NANOSECONDS = 5000
const program = path.join(path.dirname(fileURLToPath(import.meta.url)), 'classify-process.mjs')

const LISTENING = 'postgresql://shop:s3cret@localhost:PORT/shop?schema=public'
const encoded = 'postgresql://shop%40eu:p%40ss%2Fword@db.example.net:6432/shop'
/** `peers`: whether they can read such a string at all. */
const strings = [
  { what: 'PostgreSQL, production', url: 'postgresql://shop:s3cret@db.prod.example.com:5432/shop?schema=public', peers: true },
  { what: 'PostgreSQL, encoded, four parameters', url: `${encoded}?schema=public&connection_limit=5&pool_timeout=10&connect_timeout=15`, peers: true },
  { what: 'PostgreSQL on localhost, where something listens', url: LISTENING, peers: true },
  { what: 'MySQL, production', url: 'mysql://shop:s3cret@db.prod.example.com:3306/shop?connectionLimit=5', peers: true },
  { what: 'SQLite, a file of the project', url: 'file:./data/development.db', peers: false },
]

export function measure({ guarded, peers, port, environment }) {
  const given = strings.map((each) => ({ ...each, url: each.url.replace('PORT', port) }))
  const { output } = run({
    command: process.execPath,
    args: [program, JSON.stringify({ project: guarded.project, peers, strings: given })],
    cwd: guarded.project,
    env: environment({ DATABASE_URL: 'file:./data/development.db' }),
  })
  return JSON.parse(output).map(({ ours, others }, index) => {
    const named = Object.entries(others)
    const worst = Math.max(median(ours) / BOUND_NANOSECONDS, ...named.map(([, figures]) => ratio(ours, figures)))
    return {
      what: `classifyDatabaseUrl, one call: ${strings[index].what}`,
      ours: microsecondsOf(median(ours)),
      floor: '–',
      peers: named.map(([name, figures]) => `${name} ${microsecondsOf(median(figures))}`).join(', ') || 'none reads it',
      ratio: named.map(([, figures]) => times(ratio(ours, figures))).join(', ') || '–',
      bound: named.length > 0 ? `${microsecondsOf(BOUND_NANOSECONDS)}, and under both peers` : microsecondsOf(BOUND_NANOSECONDS),
      within: worst < 1,
    }
  })
}
