// What the measurements need, made on a fresh clone and kept where it can be: the release builds of the addon, of the empty addon and of
// the example that writes records; the peers; and three projects in a temporary folder:
//
//   guarded   the example application that adopted the package, installed from its tarballs
//   plain     the same application without the guard: Prisma's own launcher, a config that reads the variable itself
//   empty     a project whose copy of the package finds the empty addon, by the very same loader
//
// Knows how each is built and installed. Knows nothing of what is measured.

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildAddon, cargoEnvironment, root } from '../tools/build.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const say = (line) => process.stdout.write(`${line}\n`)

function must(command, args, options) {
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32', ...options })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? signal ?? `exit code ${status}`}`)
}

/** Builds with the profile that is published, and returns the folder of what was built. */
function cargo(...words) {
  const env = cargoEnvironment()
  must('cargo', ['build', '--release', '--locked', ...words], { cwd: root, env })
  return path.resolve(root, env.CARGO_TARGET_DIR ?? 'target', env.CARGO_BUILD_TARGET, 'release')
}

function emptyAddon() {
  say('Compiling the empty addon (release).')
  const [prefix, extension] = { darwin: ['lib', 'dylib'], win32: ['', 'dll'] }[process.platform] ?? ['lib', 'so']
  return path.join(cargo('-p', 'empty-addon'), `${prefix}empty_addon.${extension}`)
}

function stateProgram() {
  say('Compiling the example that writes records (release).')
  return path.join(cargo('-p', 'guard-core', '--example', 'bench-state'), 'examples', `bench-state${process.platform === 'win32' ? '.exe' : ''}`)
}

/** Installs the peers where they are missing or others than the lock file says, and returns their folder. */
function installPeers() {
  const peers = path.join(here, 'node_modules')
  const wanted = JSON.parse(fs.readFileSync(path.join(here, 'package.json'), 'utf8')).devDependencies
  const current = Object.entries(wanted).every(([name, version]) => {
    const manifest = path.join(peers, name, 'package.json')
    return fs.existsSync(manifest) && JSON.parse(fs.readFileSync(manifest, 'utf8')).version === version
  })
  if (!current) {
    say('Installing the peers (npm ci).')
    must('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: here })
  }
  return peers
}

/** Makes a copy of an installed application what it would be had it never adopted the guard. */
function withoutGuard(project, folder, config) {
  must('cp', ['-al', project, folder])
  const modules = path.join(folder, 'node_modules')
  // The entries are hard links: each is replaced, never written through.
  fs.rmSync(path.join(folder, 'prisma.config.ts'))
  fs.writeFileSync(path.join(folder, 'prisma.config.ts'), config)
  fs.rmSync(path.join(folder, 'prisma-guard.json'))
  fs.rmSync(path.join(modules, '@org'), { recursive: true })
  fs.rmSync(path.join(modules, '.bin/prisma'))
  fs.symlinkSync('../prisma/build/index.js', path.join(modules, '.bin/prisma'))
}

/** Makes a project with the package as it is installed in `project`, but for the addon, which is this file. */
function withAddon(project, folder, addon) {
  const scope = path.join(folder, 'node_modules/@org')
  fs.cpSync(path.join(project, 'node_modules/@org'), scope, { recursive: true, dereference: true })
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "name": "empty", "private": true }\n')
  const platform = path.join(scope, fs.readdirSync(scope).find((name) => name.startsWith('prisma-guard-')))
  const file = path.join(platform, fs.readdirSync(platform).find((name) => name.endsWith('.node')))
  fs.rmSync(file)
  fs.copyFileSync(addon, file)
  // The loader must have taken it, or the floor would be that of a missing addon.
  const taken = createRequire(path.join(folder, 'package.json'))('@org/prisma-guard')
  if (taken.validateDatabaseUrlEarly() !== undefined) throw new Error('the empty addon was not loaded')
}

/** A port of this machine where this process listens, as a developer's database would. */
async function listen() {
  const server = net.createServer().unref()
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return server
}

/**
 * Prepares everything.
 * @param {{ disk: string }} options disk: the folder below which records are written
 */
export async function prepare({ disk }) {
  buildAddon({ profile: 'release' })
  const empty = emptyAddon()
  const state = stateProgram()
  const peers = installPeers()
  say('Installing the example application: about 2 minutes the first time.')
  // After the build, which may replace node_modules, where parts of these live.
  const { developer } = await import('../__test__/support/environment.mjs')
  const { Shop } = await import('../__test__/support/shop.mjs')
  const { configBefore } = await import('../__test__/support/production-database.mjs')
  const guarded = await Shop.create()
  const plain = path.join(guarded.folder, 'plain')
  withoutGuard(guarded.project, plain, configBefore)
  const emptyProject = path.join(guarded.folder, 'empty')
  withAddon(guarded.project, emptyProject, empty)
  const server = await listen()
  return {
    /** The application that adopted the package (a Shop of the tests). */
    guarded,
    /** The folder of the same application without it. */
    plain,
    /** The folder of the project with the empty addon. */
    empty: emptyProject,
    /** The folder that holds the peers' packages. */
    peers,
    /** Where a database would listen. */
    port: server.address().port,
    /** The program that writes records, and the folder to write below. */
    state,
    disk: path.resolve(disk),
    /** A developer's variables; the Node that runs this is also the one that `#!/usr/bin/env node` finds. */
    environment: (extra) => {
      const variables = developer(extra)
      return { ...variables, PATH: `${path.dirname(process.execPath)}${path.delimiter}${variables.PATH}` }
    },
    remove() {
      server.close()
      guarded.remove()
    },
  }
}
