// npm run bench: the numbers of the package, each beside its floor and its peers, in one run.
//
//   npm run bench                      a table
//   npm run bench -- --markdown        the same as Markdown, for docs/benchmarks.md
//   npm run bench -- --disk <folder>   where records are written and synced; by default the repository's own disk
//
// It builds and installs what it needs. It measures and judges nothing else: a number over its bound is printed as such and is no failure.
// Knows the order of the measurements. Knows nothing of how they are made.

import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { root } from '../tools/build.mjs'
import { load, machine } from './machine.mjs'
import { prepare } from './prepare.mjs'
import { markdown, text } from './table.mjs'

const measurements = ['early', 'classify', 'gate', 'refused', 'state']
const say = (line) => process.stdout.write(`${line}\n`)

/** Everything in order; throws where something could not be measured. */
async function bench(options) {
  say('The benchmark: about 4 minutes on two cores, and about 15 more the first time, while the release builds compile and packages are installed.')
  const prepared = await prepare(options)
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      prepared.remove()
      process.exit(130)
    })
  }
  try {
    const before = load()
    const rows = []
    for (const name of measurements) {
      const { title, measure } = await import(`./${name}.mjs`)
      const started = performance.now()
      process.stdout.write(`Measuring ${title} … `)
      rows.push(...await measure(prepared))
      say(`${((performance.now() - started) / 1000).toFixed(0)} s`)
    }
    say('')
    say((options.markdown ? markdown : text)(rows, { ...machine(prepared), load: `${before} before, ${load()} after` }))
  } finally {
    prepared.remove()
  }
}

try {
  const { values } = parseArgs({ options: { markdown: { type: 'boolean', default: false }, disk: { type: 'string', default: root } } })
  await bench(values)
} catch (error) {
  process.stderr.write(`bench: ${error.stack ?? error}\n`)
  process.exitCode = 1
}
