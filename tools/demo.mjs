// npm run demo: the main job from the outside, on a real application, a real Prisma and a real CI runner.
//
//   npm run demo              in a temporary folder that is removed at the end
//   npm run demo -- --keep    leaves the folder and says where it is
//
// What it needs is built and installed here; the steps are in demo/steps.mjs.

import { buildAddon } from './build.mjs'
import { failure, say, title } from './demo/story.mjs'

const keep = process.argv.includes('--keep')

title('A guarded promotion of a real Prisma application, step by step')
say('About 90 seconds on two cores, and about 6 minutes more the first time, while packages are installed and the native addon compiles.')

let steps
try {
  buildAddon({ profile: 'dev' })
  // After the build, which may replace node_modules, where the engine's stand-in lives.
  const { installSchemaEngine } = await import('../__test__/support/schema-engine/install.mjs')
  await installSchemaEngine({ onInstall: () => say("Installing Prisma's schema engine from npm, once: up to a minute.") })
  steps = await import('./demo/steps.mjs')
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => steps.clean({ keep }).finally(() => process.exit(130)))
  await steps.tell()
} catch (error) {
  failure(error)
  process.exitCode = 1
} finally {
  await steps?.clean({ keep })
}
