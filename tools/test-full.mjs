// `npm run test:full`: the suites of `npm test`, then the campaigns that take too long for every change. Their results are
// recorded in docs/.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './build.mjs'
import { campaignFiles, everySuite, prepare } from './test.mjs'
import { runSuites } from './suites.mjs'

const folder = '__test__/campaigns'
const files = [...campaignFiles, ...readdirSync(join(root, folder)).filter((name) => name.endsWith('.campaign.mjs')).sort().map((name) => `${folder}/${name}`)]

/** Same form as a suite: name, command, args, budgetSeconds. Each runs whole applications, over and over. */
const campaigns = files.map((file) => ({
  name: `campaign ${file}`,
  command: process.execPath,
  args: ['--test', '--test-reporter=spec', file],
  budgetSeconds: 1800,
}))

let passed = false
try {
  const environment = prepare()
  passed = await runSuites([...everySuite(), ...campaigns], environment)
} catch (error) {
  process.stderr.write(`test:full: ${error.message}\n`)
}
process.exit(passed ? 0 : 1)
