// `npm run test:full`: the suites of `npm test`, then the campaigns that take too long for every change. Their results are
// recorded in docs/.

import { campaignFiles, everySuite, prepare } from './test.mjs'
import { runSuites } from './suites.mjs'

/** Same form as a suite: name, command, args, budgetSeconds. Each promotes whole applications, over and over. */
const campaigns = [...campaignFiles, '__test__/campaigns/promotion.campaign.mjs', '__test__/campaigns/bad-input.campaign.mjs'].map((file) => ({
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
