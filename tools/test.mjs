// `npm test`: prerequisites, packages, addon, then every suite of the repository. What needs the release build is in test-full.mjs.

import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildAddon, cargoEnvironment, root } from './build.mjs'
import { requirePrerequisites } from './prerequisites.mjs'
import { runSuites } from './suites.mjs'

/** What the tests need beyond the build: script(1) gives a command a terminal of its own. */
const programs = [{ name: 'script', commands: ['script'], debian: 'apt-get install bsdutils', macos: 'brew install util-linux' }]

/** Node 20 takes no patterns after --test, so the files are named. */
function testFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.mjs') && !name.includes('node_modules'))
    .map((name) => relative(root, join(folder, name)))
    .sort()
}

/** The suites of `npm test`. Budgets are for two cores, compiling included. */
export function everySuite() {
  return [
    { name: 'Rust', command: 'cargo', args: ['test', '--workspace'], budgetSeconds: 1500 },
    { name: 'JavaScript', command: process.execPath, args: ['--test', '--test-reporter=spec', ...testFiles(join(root, '__test__'))], budgetSeconds: 900 },
  ]
}

/** Prepares what the suites need and returns the environment in which they run. */
export function prepare() {
  requirePrerequisites(programs)
  buildAddon({ profile: 'dev' })
  return cargoEnvironment()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write('npm test: about 10 minutes on two cores the first time (compiling), 5 after that.\n')
  let passed = false
  try {
    passed = await runSuites(everySuite(), prepare())
  } catch (error) {
    process.stderr.write(`test: ${error.message}\n`)
  }
  process.exit(passed ? 0 : 1)
}
