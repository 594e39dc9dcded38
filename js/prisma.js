'use strict'

// The gate in front of the Prisma CLI. The decision is native: `gate` ends the process, or returns the path of the
// project's own Prisma CLI, which then runs here, in the same process, as the main module. So its arguments, terminal,
// exit code and signals are its own. (Prisma 6 starts only where `require.main === module`; so `require` would not do.)

const native = require('./native.js')

try {
  process.argv[1] = native.call(null, 'gate', process.argv)
} catch (error) {
  native.end(error)
}

require('node:module').runMain()
