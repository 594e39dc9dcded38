'use strict'

// The command `prisma-guard`. All of it is native; here is only what must work where the addon is missing: `install`
// never fails an install.

const native = require('./native.js')

/** This package's own postinstall has work only below a project's node_modules, not in a checkout of this repository. */
function ownCheckout() {
  return !/[\\/]node_modules[\\/]/.test(__dirname)
}

module.exports = function commandLine(args) {
  const install = args[0] === 'install'
  const postinstall = install && args.includes('--postinstall')
  if (postinstall && ownCheckout()) return 0
  try {
    const exitCode = native.call(commandLine, 'commandLine', args)
    return postinstall ? 0 : exitCode
  } catch (error) {
    if (!install) native.end(error)
    process.stderr.write(`prisma-guard: nothing was installed: ${error.message}\n`)
    return 0
  }
}
