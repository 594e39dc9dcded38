// Builds the native addon into the repository: prisma-guard.<platform>.node, index.d.ts, and the copy that the platform
// package ships. Cargo decides what has to be compiled again. Plain Node without dependencies, since it installs them.

import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, readdirSync, renameSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { requirePrerequisites } from './prerequisites.mjs'

/** The repository's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

function run(command, args, environment = {}) {
  const shell = process.platform === 'win32'
  const { status, signal, error } = spawnSync(command, args, { cwd: root, shell, stdio: 'inherit', env: { ...process.env, ...environment } })
  if (status !== 0) throw new Error(`${basename(command)} ${args.join(' ')}: ${error?.message ?? signal ?? `exit code ${status}`}`)
}

/** The machine's own target triple. The CLI of napi always builds for a named target, in target/<triple>; cargo commands
 * that don't name the same one compile everything a second time. */
export function hostTriple() {
  const { stdout } = spawnSync('rustc', ['-vV'], { encoding: 'utf8', cwd: root })
  const found = /^host: (.+)$/m.exec(stdout ?? '')
  if (found === null) throw new Error('rustc -vV names no host')
  return found[1].trim()
}

/** The environment in which every cargo command of the project runs. */
export function cargoEnvironment() {
  return { ...process.env, CARGO_BUILD_TARGET: process.env.CARGO_BUILD_TARGET || hostTriple() }
}

/** `npm ci` leaves node_modules/.package-lock.json, which holds the same packages as the lock file, without the root's. */
export function installedPackagesAreCurrent() {
  const installed = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(installed)) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages
  return Object.entries(wanted).every(([path, { version, link, optional }]) =>
    path === '' || optional || link || present[path]?.version === version)
}

/** Installs the development packages where they are missing or others than the lock file says. */
export function installPackages() {
  if (installedPackagesAreCurrent()) return
  process.stdout.write('Installing the development packages (npm ci): 1 to 3 minutes the first time.\n')
  run('npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline'])
}

/**
 * Builds the addon and returns its path.
 * @param {{ profile?: 'dev' | 'release' }} options `dev`, which `cargo test` compiles too, for tests and the demo; `release` for
 *   publishing and benchmarks.
 */
export function buildAddon({ profile = 'release' } = {}) {
  requirePrerequisites()
  installPackages()
  const environment = cargoEnvironment()
  const triple = environment.CARGO_BUILD_TARGET
  const first = !existsSync(join(environment.CARGO_TARGET_DIR ?? join(root, 'target'), triple, profile === 'dev' ? 'debug' : profile))
  process.stdout.write(first
    ? `Compiling the native addon (${profile}), the first time: about 5 minutes on two cores.\n`
    : `Compiling the native addon (${profile}): seconds when nothing changed, up to 2 minutes after an edit.\n`)
  const started = Date.now()
  const napi = join(root, 'node_modules/@napi-rs/cli/dist/cli.js')
  run(process.execPath, [napi, 'build', '--platform', '--no-js', '--target', triple, '--dts', 'index.d.ts', ...(profile === 'release' ? ['--release'] : [])], environment)
  const file = readdirSync(root).find((name) => /^prisma-guard\..+\.node$/.test(name))
  if (file === undefined) throw new Error('the build left no prisma-guard.<platform>.node')
  const folder = join(root, 'npm', file.slice('prisma-guard.'.length, -'.node'.length))
  if (existsSync(folder)) {
    // By rename: a process that has the old file loaded keeps it whole.
    copyFileSync(join(root, file), join(folder, `${file}.new`))
    renameSync(join(folder, `${file}.new`), join(folder, file))
  }
  process.stdout.write(`Built ${file} in ${((Date.now() - started) / 1000).toFixed(0)} s.\n`)
  return join(root, file)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const profile = process.argv.includes('--dev') ? 'dev' : 'release'
  try {
    buildAddon({ profile })
  } catch (error) {
    process.stderr.write(`build: ${error.message}\n`)
    process.exit(1)
  }
}
