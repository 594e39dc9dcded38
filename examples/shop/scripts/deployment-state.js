// The order-locked records of a deployment. Run directly, it prints them.
const { readState, stateAdvance } = require('@org/prisma-guard')

module.exports = {
  // What the folder says: it looks and verifies nothing.
  read: readState,
  // Whether the folder says that this step is next. The guard itself requires the record before a step, and verifies it, whenever the step is taken.
  require(step) {
    const { next } = readState()
    if (next !== step) throw new Error(`The records don't open the step ${step}: next is ${next ?? 'not readable'}`)
  },
  // Takes a step: the guard requires the record before it, checks the evidence itself and leaves the new record.
  advance: stateAdvance
}

if (require.main === module) process.exitCode = require('@org/prisma-guard/cli')(['status'])
