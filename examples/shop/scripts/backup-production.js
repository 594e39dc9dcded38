// The second step of a deployment: leaves .deployment-state/backup.completed.
process.exitCode = require('@org/prisma-guard/cli')(['backup'])
