// Proves the contract by attacking it: while an attack gets through, nothing deploys.
process.exitCode = require('@org/prisma-guard/cli')(['prove'])
