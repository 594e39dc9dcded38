// Puts Prisma's schema engine where a project's Prisma CLI looks for it, where Prisma's own download can't be reached.
// Knows: where this repository keeps the stand-in, and the file name that the CLI expects. Knows nothing of the guard.

import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const here = path.dirname(fileURLToPath(import.meta.url))
const repository = path.resolve(here, '..', '..', '..')
const sources = ['package.json', 'package-lock.json', 'schema-engine.mjs']

/**
 * Installs the stand-in's packages once for each state of its sources, and returns the path of its program.
 * Two callers at once are safe: each installs into a folder of its own, and the first to rename it wins.
 * @param {{ cache?: string, onInstall?: () => void }} [options] cache: the folder that holds the installations; by default the
 *   repository's `node_modules/.cache`; onInstall: called where there is work to do
 * @returns {Promise<string>} the absolute path of the installed `schema-engine.mjs`
 */
export async function installSchemaEngine({ cache = path.join(repository, 'node_modules', '.cache', 'schema-engine'), onInstall = () => {} } = {}) {
  const digest = createHash('sha256')
  for (const name of sources) digest.update(fs.readFileSync(path.join(here, name)))
  const home = path.join(cache, digest.digest('hex').slice(0, 16))
  const program = path.join(home, 'schema-engine.mjs')
  if (fs.existsSync(program)) return program

  onInstall()
  const unfinished = `${home}.${randomUUID()}`
  fs.mkdirSync(unfinished, { recursive: true })
  try {
    for (const name of sources) fs.copyFileSync(path.join(here, name), path.join(unfinished, name))
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: unfinished, shell: process.platform === 'win32' })
    fs.renameSync(unfinished, home)
  } catch (error) {
    if (!fs.existsSync(program)) throw error
  } finally {
    fs.rmSync(unfinished, { recursive: true, force: true })
  }
  return program
}

/**
 * Places the stand-in at the path where the project's Prisma CLI looks for its engine, so that no variable is needed.
 * Prisma's own engine, where it lies there already (its install script downloads it), is left alone.
 * The project's packages must be installed.
 * @param {string} projectRoot the folder that holds the project's `node_modules`
 * @returns {Promise<boolean>} true where the stand-in is what the project uses now; the caller says so in one line
 */
export async function placeSchemaEngine(projectRoot) {
  const fromProject = createRequire(path.join(path.resolve(projectRoot), 'package.json'))
  // As the CLI finds it: prisma -> @prisma/engines -> @prisma/get-platform (read in 7.10.1).
  const fromPrisma = createRequire(fromProject.resolve('prisma/package.json'))
  const enginesPackage = fromPrisma.resolve('@prisma/engines/package.json')
  const { getBinaryTargetForCurrentPlatform } = createRequire(enginesPackage)('@prisma/get-platform')
  const extension = process.platform === 'win32' ? '.exe' : ''
  const engine = path.join(path.dirname(enginesPackage), `schema-engine-${await getBinaryTargetForCurrentPlatform()}${extension}`)

  const marker = '// schema-engine stand-in'
  if (fs.existsSync(engine) && !startsWith(engine, `#!/usr/bin/env node\n${marker}`)) return false
  if (process.platform === 'win32') throw new Error(`The schema engine's stand-in is a script, which can't take the place of ${engine} on Windows`)

  const program = await installSchemaEngine()
  const text = `#!/usr/bin/env node\n${marker}: see __test__/support/schema-engine/README.md of @org/prisma-guard\nimport(${JSON.stringify(pathToFileURL(program).href)})\n`
  const unfinished = `${engine}.${randomUUID()}`
  fs.writeFileSync(unfinished, text, { mode: 0o755, flag: 'wx' })
  fs.renameSync(unfinished, engine)
  return true
}

function startsWith(file, text) {
  const descriptor = fs.openSync(file, 'r')
  try {
    const head = Buffer.alloc(Buffer.byteLength(text))
    return fs.readSync(descriptor, head) === head.length && head.toString('utf8') === text
  } finally {
    fs.closeSync(descriptor)
  }
}
