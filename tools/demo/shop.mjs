// The demo's application: a copy of examples/shop as its team had it before, and as it is once the guard is adopted.
// Knows the example's files and how a user installs the package. Knows nothing of what the demo tries.

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { projectBefore } from '../../__test__/support/production-database.mjs'

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
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

/** The variables of a developer's shell: none that npm or a CI set around this demo. */
export function developer(more = {}) {
  const { HOME, LANG, TERM } = process.env
  // Without the folders that `npm run` put in front.
  const PATH = process.env.PATH.split(path.delimiter).filter((entry) => !/node_modules/.test(entry)).join(path.delimiter)
  return { PATH, HOME, LANG: LANG ?? 'C.UTF-8', TERM: TERM ?? 'dumb', NO_COLOR: '1', CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1', npm_config_update_notifier: 'false', npm_config_loglevel: 'error', ...more }
}

/** The same for what needs the network: a registry, a proxy or a certificate that this shell names is kept. */
export function installer() {
  const kept = Object.entries(process.env).filter(([name]) => /^(npm_config_(registry|cafile|proxy|https_proxy|noproxy|cache|userconfig|globalconfig)|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS)$/i.test(name))
  return developer(Object.fromEntries(kept))
}

/** A free port on loopback. */
export async function freePort() {
  const server = net.createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

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

/** Packs the package and its platform package as `npm publish` would. */
export function pack(folder) {
  return [repository, path.join(repository, 'npm', `${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`)].map((packed) => {
    const described = JSON.parse(execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: packed, env: installer(), encoding: 'utf8' }))
    const [{ filename }] = Array.isArray(described) ? described : Object.values(described)
    return path.join(folder, filename)
  })
}
