export {
  GuardError,
  validateDatabaseUrlEarly,
  assertCi,
  stateAdvance,
  execPrismaApproved,
  classifyDatabaseUrl,
  detectCi,
  readState,
  scanContract,
} from './index.js'
