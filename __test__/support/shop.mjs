// The example application as the tests use it: a template that is installed once (real Prisma, the package from its tarballs, the
// engine in Prisma's own place), and cheap copies of it, each a git repository of its own with a clean tree.
// Knows how the package is packed and installed; knows nothing of what the tests claim.

import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { developer, installer, pack, repository } from './environment.mjs'
import { placeSchemaEngine } from './schema-engine/install.mjs'

const example = path.join(repository, 'examples', 'shop')

/** What git tracks or would track of the example. */
function exampleFiles() {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '.'], { cwd: example, encoding: 'utf8' })
  return listed.split('\0').filter((name) => name !== '' && fs.existsSync(path.join(example, name)))
}

function copyExample(folder) {
  for (const name of exampleFiles()) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.copyFileSync(path.join(example, name), path.join(folder, name))
  }
}

/**
 * The installed template; made once for each state of the package and the example, which takes about a minute.
 * Two callers at once are safe: each makes its own, and the first to rename it wins.
 * @returns {Promise<string>} its folder
 */
export async function shopTemplate() {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'prisma-guard-pack-'))
  try {
    const tarballs = pack(work)
    const digest = createHash('sha256')
    for (const file of [...tarballs, ...exampleFiles().map((name) => path.join(example, name))]) digest.update(fs.readFileSync(file))
    const folder = path.join(os.tmpdir(), `prisma-guard-shop-${process.getuid?.() ?? 0}`, digest.digest('hex').slice(0, 16))
    if (fs.existsSync(folder)) return folder

    const unfinished = `${folder}.${randomUUID()}`
    fs.mkdirSync(unfinished, { recursive: true, mode: 0o700 })
    copyExample(unfinished)
    const npm = (...words) => execFileSync('npm', [...words, '--no-audit', '--no-fund', '--prefer-offline'], { cwd: unfinished, env: installer(), stdio: 'pipe' })
    // The project's own postinstall needs the package, which the second command brings.
    npm('ci', '--ignore-scripts')
    npm('install', '--save', ...tarballs)
    await placeSchemaEngine(unfinished)
    execFileSync(path.join(unfinished, 'node_modules/.bin/prisma'), ['generate'], { cwd: unfinished, env: developer(), stdio: 'pipe' })
    try {
      fs.renameSync(unfinished, folder)
    } catch (error) {
      fs.rmSync(unfinished, { recursive: true, force: true })
      if (!fs.existsSync(folder)) throw error
    }
    return folder
  } finally {
    fs.rmSync(work, { recursive: true, force: true })
  }
}

/** A copy of the template: an application of its own, in a git repository with a clean tree. */
export class Shop {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder
    this.project = path.join(folder, 'shop')
    this.database = path.join(folder, 'production.db')
    this.store = path.join(folder, 'backups')
  }

  /**
   * @param {{ issuer?: string, policy?: (policy: object) => void }} options issuer: whom the policy trusts;
   *   policy: changes the policy before it is committed
   */
  static async create({ issuer = 'http://127.0.0.1:9', policy = () => {} } = {}) {
    const template = await shopTemplate()
    const shop = new Shop(fs.mkdtempSync(path.join(os.tmpdir(), 'prisma-guard-test-')))
    fs.mkdirSync(shop.store, { mode: 0o700 })
    // Hard links are cheap, and a guard that wrote through one would be caught here: every copy would change.
    execFileSync('cp', ['-al', template, shop.project])
    for (const name of [...exampleFiles(), 'package.json', 'package-lock.json']) {
      const file = path.join(shop.project, name)
      const text = fs.readFileSync(file)
      fs.rmSync(file)
      fs.writeFileSync(file, text)
    }
    const written = JSON.parse(shop.read('prisma-guard.json'))
    const { production } = written.environments
    production.databases = [`file:${shop.database}`]
    production.attestation.issuer = issuer
    production.attestation.claims = { repository_id: '123456', ref: 'refs/heads/main', environment: 'production' }
    production.backup = { kind: 'auto', store: { directory: shop.store } }
    policy(written)
    shop.write('prisma-guard.json', `${JSON.stringify(written, null, 2)}\n`)
    shop.git('init', '--quiet', '--initial-branch=main')
    shop.commit('The application')
    return shop
  }

  read(name) {
    return fs.readFileSync(path.join(this.project, name), 'utf8')
  }

  write(name, text) {
    const file = path.join(this.project, name)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, text)
  }

  git(...words) {
    const identity = ['-c', 'user.name=Shop', '-c', 'user.email=shop@example.invalid', '-c', 'commit.gpgsign=false']
    return execFileSync('git', [...identity, ...words], { cwd: this.project, env: developer(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  commit(message) {
    this.git('add', '--all')
    this.git('commit', '--quiet', '--message', message)
  }

  /** The connection string of the production database. */
  get url() {
    return `file:${this.database}`
  }

  /** Runs a program in the project, as a developer unless `env` says otherwise, and returns how it ended. */
  run(command, args, { env = {}, input, cwd = this.project } = {}) {
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, { cwd, env: developer(env), stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
      const [stdout, stderr] = [[], []]
      child.stdout.on('data', (chunk) => stdout.push(chunk))
      child.stderr.on('data', (chunk) => stderr.push(chunk))
      child.on('error', reject)
      child.on('close', (exitCode, signal) => {
        const [out, err] = [Buffer.concat(stdout).toString(), Buffer.concat(stderr).toString()]
        resolve({ exitCode, signal, stdout: out, stderr: err, output: out + err })
      })
      if (input !== undefined) child.stdin.end(input)
    })
  }

  node(...args) {
    const options = typeof args.at(-1) === 'object' ? args.pop() : {}
    return this.run(process.execPath, args, options)
  }

  prisma(...args) {
    const options = typeof args.at(-1) === 'object' ? args.pop() : {}
    return this.run(path.join(this.project, 'node_modules/.bin/prisma'), args, options)
  }

  guard(...args) {
    const options = typeof args.at(-1) === 'object' ? args.pop() : {}
    return this.run(path.join(this.project, 'node_modules/.bin/prisma-guard'), args, options)
  }

  /** SHA-256 of the production database's file, or null where there is none. */
  databaseDigest() {
    return fs.existsSync(this.database) ? createHash('sha256').update(fs.readFileSync(this.database)).digest('hex') : null
  }

  remove() {
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}
