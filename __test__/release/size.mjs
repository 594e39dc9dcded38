// What only the build that is published shows: its size. `npm run test:full` builds it.

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { addonFile, root } from '../layout.mjs'

test('the addon as it is published is under 16 MB', () => {
  const { size } = statSync(join(root, addonFile))
  console.log(`${addonFile}: ${size} bytes`)
  assert.ok(size < 16_000_000, `${size} bytes`)
})
