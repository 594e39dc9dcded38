// The demo's application: a copy of examples/shop as its team had it before, and as it is once the guard is adopted.
// Knows the example's files and how a user installs the package. Knows nothing of what the demo tries.

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { developer, repository } from '../../__test__/support/environment.mjs'
import { projectBefore } from '../../__test__/support/production-database.mjs'

const example = path.join(repository, 'examples', 'shop')

/** What belongs to the example: all but what its .gitignore names. */
const ignored = new Set(['node_modules', 'data', '.deployment-state', '.env'])

function copyExample(folder, wanted) {
  fs.cpSync(example, folder, { recursive: true, filter: (source) => {
    const [first] = path.relative(example, source).split(path.sep)
    return first === '' || (!ignored.has(first) && wanted(path.relative(example, source)))
  } })
}

const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'))
const writeJson = (file, value) => fs.writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)

export function git(project, ...words) {
  const identity = ['-c', 'user.name=Sam Shopkeeper', '-c', 'user.email=sam@example.com', '-c', 'commit.gpgsign=false']
  return execFileSync('git', [...identity, ...words], { cwd: project, env: developer({ GIT_CONFIG_NOSYSTEM: '1' }), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

export function commit(project, message) {
  git(project, 'add', '--all')
  git(project, 'commit', '--quiet', '--message', message)
  return git(project, 'rev-parse', '--short', 'HEAD')
}

/** `lib/prisma.ts` as it is in a project that has not adopted the guard. */
const clientBefore = `import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '@prisma/client'

export const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: process.env.DATABASE_URL! }) })
`

/** The shop before: two migrations, a config of its own, no word of the guard. */
export function shopBefore(project) {
  const guard = ['prisma-guard.json', 'scripts', 'lib', '.github', 'prisma', 'prisma.config.ts', 'README.md']
  copyExample(project, (name) => !guard.includes(name.split(path.sep)[0]))
  projectBefore(example, project)
  fs.mkdirSync(path.join(project, 'lib'))
  fs.writeFileSync(path.join(project, 'lib/prisma.ts'), clientBefore)
  const manifest = readJson(path.join(project, 'package.json'))
  for (const name of ['postinstall', 'predeploy', 'backup:production', 'deploy:db', 'deploy', 'test:production-safety-hardened']) delete manifest.scripts[name]
  writeJson(path.join(project, 'package.json'), manifest)
  git(path.dirname(project), 'init', '--quiet', '--initial-branch=main', project)
}

/**
 * The example's own files, with the policy of this machine: its database, its CI's issuer, its backup store.
 * The package itself comes with `npm install`.
 */
export function adopt(project, { database, issuer, store }) {
  copyExample(project, () => true)
  const policy = readJson(path.join(project, 'prisma-guard.json'))
  const { production } = policy.environments
  production.databases = [`file:${path.relative(project, database)}`]
  production.attestation.issuer = issuer
  production.backup.store.directory = store
  writeJson(path.join(project, 'prisma-guard.json'), policy)
}
