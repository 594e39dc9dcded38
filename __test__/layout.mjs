// The package as it lies on a user's disk, made in a temporary folder: what the tests of the loader and of the package
// start processes in. Knows where files go, and nothing of what the package does.

import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const addonFile = 'prisma-guard.linux-x64-gnu.node'

if (!existsSync(join(root, addonFile))) {
  throw new Error(`${addonFile} is not built: run npm run build first (npm test does)`)
}

const folders = []
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A new folder that is removed when the test file ends. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'prisma-guard-test-'))
  folders.push(folder)
  return folder
}

/**
 * A project with the package in its node_modules, as npm lays it out.
 * @param {{ platformPackage?: boolean, addon?: string }} options whether the platform package is there; `addon`: the file
 *   that it holds instead of the real one.
 */
export function project({ platformPackage = true, addon = join(root, addonFile) } = {}) {
  const folder = temporaryFolder()
  const scope = join(folder, 'node_modules/@org')
  const guard = join(scope, 'prisma-guard')
  mkdirSync(guard, { recursive: true })
  for (const name of ['package.json', 'index.js', 'index.mjs', 'js', 'bin']) cpSync(join(root, name), join(guard, name), { recursive: true })
  if (platformPackage) {
    const platform = join(scope, 'prisma-guard-linux-x64-gnu')
    mkdirSync(platform)
    copyFileSync(join(root, 'npm/linux-x64-gnu/package.json'), join(platform, 'package.json'))
    copyFileSync(addon, join(platform, addonFile))
  }
  writeFileSync(join(folder, 'package.json'), '{ "name": "project", "private": true }\n')
  return { folder, guard }
}

/** The smallest environment in which Node and npm run: nothing of the caller's leaks into what is tested. */
export function environment(extra = {}) {
  return { PATH: process.env.PATH, HOME: process.env.HOME, ...extra }
}

/** Runs node with these arguments and returns what it printed and its exit code. */
export function node(args, { cwd, env = {} } = {}) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, { cwd, env: environment(env), encoding: 'utf8', timeout: 60_000 })
  return { exitCode: status ?? signal, stdout, stderr }
}
