'use strict'

// The public face, for CommonJS; index.mjs re-exports it, so that both see the same GuardError. No decision is made here.
// Every function is written out, because the lexer that gives ES modules its names reads this file as text.

const native = require('./js/native.js')

module.exports.GuardError = native.GuardError

/** The one place where JavaScript answers by itself: there is no addon, so nothing native can. The guard must never be the
 * reason that production is down, so a production runtime gets one line on stderr and its connection string back. Nothing
 * more can be known there, so only NODE_ENV is looked at; everywhere else a missing addon is an error. */
function withoutAddon(options, caller) {
  const error = native.addonMissing(caller)
  if (process.env.NODE_ENV !== 'production') throw error
  try {
    require('node:fs').writeSync(2, `prisma-guard: DATABASE_URL was not checked: ${error.message}\n`)
  } catch {
    // stderr may be closed: that must not take production down either.
  }
  return {
    class: 'unknown',
    environment: null,
    provider: null,
    endpoints: [],
    source: options?.url === undefined ? 'environment DATABASE_URL' : 'argument',
    url: options?.url ?? process.env.DATABASE_URL ?? '',
    redacted: '',
    reason: 'the native part of @org/prisma-guard could not be loaded',
  }
}

module.exports.validateDatabaseUrlEarly = function validateDatabaseUrlEarly(options) {
  if (native.addon === null) return withoutAddon(options, validateDatabaseUrlEarly)
  return native.call(validateDatabaseUrlEarly, 'validateDatabaseUrlEarly', options)
}

module.exports.assertCi = function assertCi(options) {
  return native.call(assertCi, 'assertCi', options)
}

module.exports.stateAdvance = function stateAdvance(step, evidence, options) {
  return native.call(stateAdvance, 'stateAdvance', step, evidence, options)
}

module.exports.execPrismaApproved = function execPrismaApproved(args, options) {
  return native.call(execPrismaApproved, 'execPrismaApproved', args, options)
}

module.exports.classifyDatabaseUrl = function classifyDatabaseUrl(url, options) {
  return native.call(classifyDatabaseUrl, 'classifyDatabaseUrl', url, options)
}

module.exports.detectCi = function detectCi(options) {
  return native.call(detectCi, 'detectCi', options)
}

module.exports.readState = function readState(options) {
  return native.call(readState, 'readState', options)
}

module.exports.scanContract = function scanContract(options) {
  return native.call(scanContract, 'scanContract', options)
}
