// The last step of a deployment, and the only caller of `prisma migrate deploy`.
const { assertCi, execPrismaApproved } = require('@org/prisma-guard')

assertCi()
process.exitCode = execPrismaApproved(['migrate', 'deploy']).exitCode
