// The tools that build and test, where their word decides whether something passed.

import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { node, root, temporaryFolder } from './layout.mjs'

const tool = (name) => JSON.stringify(pathToFileURL(join(root, 'tools', name)).href)
const script = (text, env) => node(['--input-type=module', '-e', text], { env })

/** A folder for PATH that holds only these programs. */
function programs(contents) {
  const folder = temporaryFolder()
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  return folder
}

describe('prerequisites', () => {
  const check = `import { requirePrerequisites } from ${tool('prerequisites.mjs')}; requirePrerequisites(); console.log('ready')`

  test('names everything that is missing at once, each with the line that installs it', () => {
    const { exitCode, stdout, stderr } = script(check, { PATH: programs({}) })
    assert.deepEqual({ exitCode, stdout }, { exitCode: 1, stdout: '' })
    for (const missing of [/- git is missing.*\n +.*apt-get install git\n/, /- a C compiler is missing.*\n +.*apt-get install gcc libc6-dev\n/, /- cargo is missing.*\n +curl /, /- rustc is missing/]) {
      assert.match(stderr, missing)
    }
  })

  test('names a compiler that is too old or does not run', () => {
    const path = programs({ git: 'echo git version 2.39.5', cc: 'exit 1', cargo: 'echo cargo 1.95.0', rustc: 'echo rustc 1.94.9' })
    const { exitCode, stderr } = script(check, { PATH: path })
    assert.equal(exitCode, 1)
    assert.match(stderr, /rustc 1\.94 is too old, 1\.95 is needed/)
    assert.match(stderr, /a C compiler is missing/)
    assert.doesNotMatch(stderr, /cargo|git is/)
  })

  test('are silent where all is there', () => {
    const path = programs({ git: 'echo git version 2.39.5', cc: 'echo cc 12.2', cargo: 'echo cargo 1.96.0', rustc: 'echo rustc 2.0.0' })
    assert.deepEqual(script(check, { PATH: path }), { exitCode: 0, stdout: 'ready\n', stderr: '' })
  })
})

describe('suites', () => {
  function suites(list) {
    return script(`import { runSuites } from ${tool('suites.mjs')}; process.exit(await runSuites(${JSON.stringify(list)}, process.env) ? 0 : 1)`)
  }
  const passes = { name: 'passes', command: process.execPath, args: ['-e', "console.log('closing line')"], budgetSeconds: 60 }

  test('show the output of each, its time and budget, and end with a summary', () => {
    const { exitCode, stdout } = suites([passes, { ...passes, name: 'another' }])
    assert.equal(exitCode, 0)
    assert.match(stdout, /closing line\n── passed {2}passes: \d+ s of 1 min 0 s\n/)
    assert.match(stdout, /\nAll 2 suites passed in \d+ s\.\n$/)
  })

  test('fail as a whole when one fails, cannot start or is killed, and still run the others', () => {
    for (const bad of [{ args: ['-e', 'process.exit(3)'] }, { command: '/nowhere' }, { args: ['-e', "process.kill(process.pid, 'SIGKILL')"] }]) {
      const { exitCode, stdout } = suites([{ ...passes, ...bad, name: 'bad' }, passes])
      assert.equal(exitCode, 1)
      assert.match(stdout, /FAILED {2}bad.*\npassed {2}passes.*\n1 of 2 suites FAILED in \d+ s: bad\.\n$/)
    }
  })

  test('end one that hangs, with what it started, and count it as failed', () => {
    const started = "require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })"
    const { exitCode, stdout } = suites([{ ...passes, args: ['-e', started], budgetSeconds: 0.3 }])
    assert.equal(exitCode, 1)
    assert.match(stdout, /ended after 4 times its budget/)
  })
})

describe('the installed packages', () => {
  const current = (folder) => script(`import { installedPackagesAreCurrent } from ${JSON.stringify(pathToFileURL(join(folder, 'tools/build.mjs')).href)}; console.log(installedPackagesAreCurrent())`).stdout

  test('are stale when missing or of another version than the lock file', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'tools'))
    mkdirSync(join(folder, 'node_modules'))
    for (const name of ['build.mjs', 'prerequisites.mjs']) copyFileSync(join(root, 'tools', name), join(folder, 'tools', name))
    const lock = (version) => JSON.stringify({ packages: { '': {}, 'node_modules/a': { version } } })
    writeFileSync(join(folder, 'package-lock.json'), lock('1.0.0'))
    assert.equal(current(folder), 'false\n')
    for (const [installed, expected] of [['0.9.0', 'false\n'], ['1.0.0', 'true\n']]) {
      writeFileSync(join(folder, 'node_modules/.package-lock.json'), lock(installed))
      assert.equal(current(folder), expected)
    }
  })

  test('of this repository are current', () => {
    assert.equal(current(root), 'true\n')
  })
})
