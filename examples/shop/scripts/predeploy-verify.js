// The first step of a deployment: leaves .deployment-state/verification.passed.
process.exitCode = require('@org/prisma-guard/cli')(['verify'])
