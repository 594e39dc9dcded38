// `npm run test:full`: the suites of `npm test`, then the JavaScript ones once more against the addon as it is published, and its size.
// Minutes of release compilation, so it is not in `npm test`.

import { buildAddon } from './build.mjs'
import { everySuite, prepare } from './test.mjs'
import { runSuites } from './suites.mjs'

let passed = false
try {
  const suites = everySuite()
  const environment = prepare()
  passed = await runSuites(suites, environment)
  buildAddon({ profile: 'release' })
  const [javaScript] = suites.filter(({ name }) => name === 'JavaScript')
  const released = await runSuites([
    { ...javaScript, name: 'JavaScript, with the addon as it is published' },
    { name: 'size', command: process.execPath, args: ['--test', '--test-reporter=spec', '__test__/release/size.mjs'], budgetSeconds: 60 },
  ], environment)
  passed &&= released
} catch (error) {
  process.stderr.write(`test:full: ${error.message}\n`)
  passed = false
}
process.exit(passed ? 0 : 1)
