'use strict'

// Loads the native addon and turns its errors into GuardError. This file decides nothing about databases, and nobody
// decides for it: the addon comes from one of two fixed places, and no environment variable, option or working directory
// changes which. (The loader that @napi-rs/cli generates honours NAPI_RS_NATIVE_LIBRARY_PATH; `require` of a package name
// honours NODE_PATH and $HOME/.node_modules. Neither is used here.)
//
//   1. beside index.js: a checkout of the repository, after `npm run build`. The published package has no such file.
//   2. the platform package, looked up in this file's own node_modules folders and nowhere else.
//
// It is loaded at once, before anything that is imported later could stand in its way, and loading never throws.

const { existsSync, readFileSync, writeSync } = require('node:fs')
const { isMainThread } = require('node:worker_threads')

// What napi calls a build. Only those in `built` are published; the others are for a checkout on such a machine.
const names = {
  __proto__: null,
  'linux-x64': 'linux-x64-gnu',
  'linux-arm64': 'linux-arm64-gnu',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
  'win32-x64': 'win32-x64-msvc',
  'win32-arm64': 'win32-arm64-msvc',
}
const built = ['linux-x64-gnu']

class GuardError extends Error {
  constructor(message, { rule, exitCode, details = null, cause }, caller = GuardError) {
    super(message, cause === undefined ? undefined : { cause })
    this.rule = rule
    this.exitCode = exitCode
    this.details = details
    Error.captureStackTrace?.(this, caller)
  }
}
Object.defineProperty(GuardError.prototype, 'name', { value: 'GuardError', configurable: true, writable: true })

/** The addon's file, or null where there is none. */
function find(name) {
  if (name === undefined) return null
  const file = `prisma-guard.${name}.node`
  const beside = `${__dirname}/../${file}`
  if (existsSync(beside)) return beside
  for (const folder of module.paths) {
    const installed = `${folder}/@org/prisma-guard-${name}/${file}`
    if (existsSync(installed)) return installed
  }
  return null
}

/** What a thrown value says. Never throws. */
function text(error) {
  try {
    return String(error?.message ?? error)
  } catch {
    return 'an error that cannot be read'
  }
}

/** The addon stands in another package, so it is told where this one is: its launchers are what `install` links. */
function ready(addon) {
  addon.setPackage(`${__dirname}/..`)
  return { addon, failure: null }
}

function load() {
  const name = names[`${process.platform}-${process.arch}`]
  try {
    const file = find(name)
    if (file !== null) {
      const loaded = { exports: {} }
      process.dlopen(loaded, file)
      return ready(loaded.exports)
    }
    // Yarn's Plug'n'Play has no node_modules folders: its resolver follows the dependencies that the lock file names.
    // The name stands here in full also for the tools that trace which files a server needs (Next.js, Vercel).
    if (process.versions.pnp !== undefined && name === 'linux-x64-gnu') {
      return ready(require('@org/prisma-guard-linux-x64-gnu'))
    }
    return { addon: null, failure: built.includes(name) ? `its package @org/prisma-guard-${name} is not installed` : 'there is no build for it' }
  } catch (error) {
    return { addon: null, failure: text(error) }
  }
}

const { addon, failure } = load()

/** `glibc 2.36`, `musl`, `unknown libc`, or null where the platform has no such choice. Only for the message; read from the
 * text of ldd, because process.report, which knows it surely, takes most of a second. */
function libc() {
  if (process.platform !== 'linux') return null
  try {
    const ldd = readFileSync('/usr/bin/ldd', 'latin1')
    if (ldd.includes('musl')) return 'musl'
    return `glibc ${/ldd \(.*\) (\d+\.\d+)/.exec(ldd)[1]}`
  } catch {
    return 'unknown libc'
  }
}

function addonMissing(caller) {
  const details = { platform: process.platform, arch: process.arch, libc: libc(), node: process.versions.node, built, reason: failure }
  const machine = [`${details.platform}-${details.arch}`, details.libc, `Node ${details.node}`].filter(Boolean).join(', ')
  const instead = failure.endsWith('is not installed')
    ? 'install again without --omit=optional, on this platform'
    : 'run it on a platform that has a build, or build it from source (CONTRIBUTING.md)'
  return new GuardError(
    `the native part of @org/prisma-guard could not be loaded on ${machine}: ${failure}. Built for: ${built.join(', ')}. Instead: ${instead}`,
    { rule: 'addon-missing', exitCode: 78, details },
    caller,
  )
}

/** What the addon would show of an error that nobody catches, by the error. */
const shown = new WeakMap()

/** An error that nobody catches is shown as a refusal, not as a stack, and ends the process with its own exit code, not with 1. */
function showUncaught(error) {
  if (!shown.has(error) || process.listenerCount('uncaughtException') > 0) return
  writeSync(2, shown.get(error))
  process.exit(error.exitCode)
}

/** The addon throws an Error whose message is JSON: {"rule", "exitCode", "message", "details", "shown"}. */
function guardError(error, caller) {
  if (error instanceof GuardError) return error
  try {
    const { rule, exitCode, message, details, shown: text } = JSON.parse(error.message)
    if (typeof rule === 'string' && typeof message === 'string' && Number.isInteger(exitCode)) {
      const made = new GuardError(message, { rule, exitCode, details }, caller)
      if (typeof text === 'string' && isMainThread) {
        shown.set(made, text)
        if (!process.listeners('uncaughtExceptionMonitor').includes(showUncaught)) process.on('uncaughtExceptionMonitor', showUncaught)
      }
      return made
    }
  } catch {
    // Not of that form: see below.
  }
  return new GuardError(text(error), { rule: 'internal-error', exitCode: 78, cause: error }, caller)
}

/** Calls a native function. Whatever goes wrong, what leaves is a GuardError whose stack begins at `caller`. */
function call(caller, name, ...values) {
  if (addon === null) throw addonMissing(caller)
  try {
    return addon[name](...values)
  } catch (error) {
    throw guardError(error, caller)
  }
}

/** For the two commands: prints the error as one refusal, and ends with its exit code. */
function end(error) {
  const { rule, exitCode, message } = guardError(error, end)
  writeSync(2, `✖ ${rule}  ${message}\n`)
  process.exit(exitCode)
}

module.exports.GuardError = GuardError
module.exports.addon = addon
module.exports.addonMissing = addonMissing
module.exports.guardError = guardError
module.exports.call = call
module.exports.end = end
