'use strict'

// For prisma.config.*: every copy of the Prisma CLI loads the project's config before it does anything else, so loading
// this file runs the gate there. What `databaseUrl` hands out is decided natively, from the same command line.

const native = require('./native.js')

native.call(null, 'configGate', process.argv)

module.exports.databaseUrl = function databaseUrl(nameOrUrl) {
  return native.call(databaseUrl, 'configDatabaseUrl', nameOrUrl, process.argv)
}
