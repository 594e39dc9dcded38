// What is published: the content of the two tarballs that `npm pack` makes, what the package checkers say of them, and what
// TypeScript and npm make of them in a user's project.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { otherVersions } from '../tools/version.mjs'
import { addonFile, environment, node, root, temporaryFolder } from './layout.mjs'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const folder = temporaryFolder()
let packed
let platformPacked

/** Packs a folder of the repository: npm's own description, and the tarball's path. */
function pack(source) {
  const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder, source], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const description = Object.values(JSON.parse(output))[0]
  return { ...description, tarball: join(folder, description.filename) }
}

/** Runs a development dependency's program, as its package.json names it. */
function tool(name, program, args, cwd) {
  const { bin } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'))
  const path = join(root, 'node_modules', name, typeof bin === 'string' ? bin : bin[program])
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...args], { cwd, env: environment({ NO_COLOR: '1' }), encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

/** A project in which both tarballs are unpacked as npm would. */
function unpacked() {
  const project = temporaryFolder()
  for (const [name, { tarball }] of [['prisma-guard', packed], ['prisma-guard-linux-x64-gnu', platformPacked]]) {
    const target = join(project, 'node_modules/@org', name)
    mkdirSync(target, { recursive: true })
    execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1'])
  }
  return project
}

before(() => {
  packed = pack('.')
  platformPacked = pack('./npm/linux-x64-gnu')
})

describe('the root package', () => {
  test('holds exactly its launchers, entry points, types, schema, templates and papers', () => {
    const expected = [
      'CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'bin/prisma-guard.js', 'bin/prisma.js',
      'index.d.mts', 'index.d.ts', 'index.js', 'index.mjs',
      'js/cli.d.ts', 'js/cli.js', 'js/config.d.ts', 'js/config.js', 'js/native.js', 'js/prisma.d.ts', 'js/prisma.js', 'js/register.d.ts', 'js/register.js',
      'package.json', 'schema.json',
    ]
    const files = packed.files.map(({ path }) => path)
    assert.deepEqual(files.filter((path) => !path.startsWith('templates/')).sort(), expected.sort())
  })

  test('is small, and its commands are executable', () => {
    assert.ok(packed.unpackedSize < 250_000, `${packed.unpackedSize} bytes`)
    for (const { path, mode } of packed.files) if (path.startsWith('bin/')) assert.equal(mode & 0o111, 0o111, path)
  })

  test('depends on nothing at run time but the native part, in its own version', () => {
    assert.deepEqual(
      [manifest.dependencies, manifest.peerDependencies, manifest.optionalDependencies, manifest.bundleDependencies],
      [undefined, undefined, { '@org/prisma-guard-linux-x64-gnu': manifest.version }, undefined],
    )
  })

  test('exports only files that it holds', () => {
    const files = new Set(packed.files.map(({ path }) => `./${path}`))
    const targets = (value) => typeof value === 'string' ? [value] : Object.values(value).flatMap(targets)
    for (const target of targets([manifest.exports, manifest.main, manifest.types, Object.values(manifest.bin).map((path) => `./${path}`)])) {
      assert.ok(files.has(target), target)
    }
  })

  test('has the same version in every place', () => {
    assert.deepEqual(otherVersions(), [])
  })
})

describe('the platform package', () => {
  test('holds exactly the addon, a readme, a licence and its manifest', () => {
    assert.deepEqual(platformPacked.files.map(({ path }) => path).sort(), ['LICENSE', 'README.md', 'package.json', addonFile])
  })

  test('is installed only where it runs', () => {
    const { os, cpu, libc, main } = JSON.parse(readFileSync(join(root, 'npm/linux-x64-gnu/package.json'), 'utf8'))
    assert.deepEqual({ os, cpu, libc, main }, { os: ['linux'], cpu: ['x64'], libc: ['glibc'], main: addonFile })
  })
})

describe('the checkers of packages', () => {
  test('publint finds nothing', () => {
    for (const { tarball } of [packed, platformPacked]) {
      const { status, output } = tool('publint', 'publint', [tarball, '--strict'], folder)
      assert.equal(status, 0, output)
      assert.match(output, /All good!/)
    }
  })

  // The profile leaves out `node10`, the resolution of TypeScript before exports existed: no supported Node has it.
  test('arethetypeswrong finds nothing under node16, from CommonJS and ES modules, and under bundler', () => {
    const { status, output } = tool('@arethetypeswrong/cli', 'attw', ['--profile', 'node16', '--no-emoji', '--format', 'ascii', packed.tarball], folder)
    assert.equal(status, 0, output)
    const results = output.split('\n').filter((line) => /^(node16 \(|bundler:)/.test(line))
    assert.equal(results.length, 3 * Object.keys(manifest.exports).length, output)
    for (const result of results) assert.match(result, /: OK/)
  })
})

describe('the types', () => {
  const program = `
    import { GuardError, validateDatabaseUrlEarly, assertCi, stateAdvance, execPrismaApproved, classifyDatabaseUrl, detectCi, readState, scanContract } from '@org/prisma-guard'
    import type { DatabaseTarget, Finding, ScanReport } from '@org/prisma-guard'
    import { databaseUrl } from '@org/prisma-guard/config'
    import '@org/prisma-guard/register'
    import commandLine = require('@org/prisma-guard/cli')
    const target: DatabaseTarget = validateDatabaseUrlEarly({ url: 'file:./dev.db' })
    const kind: 'production' | 'non-production' | 'local' | 'unknown' | 'invalid' | 'none' = classifyDatabaseUrl(target.url, { cwd: '.' }).class
    const report: ScanReport = scanContract({ root: '.' })
    const findings: Finding[] = report.findings
    const exitCode: number = execPrismaApproved(['migrate', 'deploy']).exitCode
    const url: string = databaseUrl('DATABASE_URL')
    const all: unknown[] = [kind, findings, exitCode, url, assertCi(), detectCi(), readState(), commandLine(['scan']), stateAdvance('backup')]
    try { throw all } catch (error) { if (error instanceof GuardError) { const rule: string = error.rule; const code: number = error.exitCode; void [rule, code] } }
    // @ts-expect-error there is no such step
    stateAdvance('anything')
    // @ts-expect-error a GuardError is thrown by the package alone
    new GuardError()
    // @ts-expect-error the native parts of the gate are not public
    import('@org/prisma-guard').then(({ gate }) => gate)
  `

  for (const [module, moduleResolution] of [['node16', 'node16'], ['nodenext', 'nodenext'], ['preserve', 'bundler']]) {
    test(`pass strict TypeScript under ${moduleResolution}, imported ${moduleResolution === 'bundler' ? '' : 'from CommonJS and '}from ES modules`, () => {
      const project = unpacked()
      const esm = program.replace(/import commandLine = .*/, "import commandLine from '@org/prisma-guard/cli'")
      writeFileSync(join(project, 'common.cts'), program)
      writeFileSync(join(project, 'module.mts'), esm)
      const options = { module, moduleResolution, target: 'es2022', lib: ['es2022'], strict: true, noEmit: true, isolatedModules: true, esModuleInterop: true, exactOptionalPropertyTypes: true, skipLibCheck: false, types: [] }
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: moduleResolution === 'bundler' ? ['module.mts'] : ['common.cts', 'module.mts'] }))
      const { status, output } = tool('typescript', 'tsc', ['-p', '.'], project)
      assert.equal(status, 0, output)
    })
  }

  test('name exactly what the package exports, and nothing of the gate', () => {
    const declared = [...readFileSync(join(root, 'index.d.ts'), 'utf8').matchAll(/^export declare (?:function|class|const) (\w+)/gm)].map(([, name]) => name)
    const { stdout } = node(['-p', "JSON.stringify(Object.keys(require('./index.js')))"], { cwd: root })
    assert.deepEqual(declared.sort(), JSON.parse(stdout).sort())
  })
})

describe('npm', () => {
  test('installs the two tarballs without a network, links both commands, and the package loads', () => {
    const project = temporaryFolder()
    writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true }\n')
    const { status, stderr } = spawnSync('npm', ['install', '--offline', '--no-audit', '--no-fund', packed.tarball, platformPacked.tarball], { cwd: project, env: environment({ npm_config_cache: join(project, '.cache') }), encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    for (const name of ['prisma', 'prisma-guard']) assert.ok(existsSync(join(project, 'node_modules/.bin', name)), name)
    const script = "console.log(require('@org/prisma-guard').classifyDatabaseUrl('file:./dev.db').url)"
    assert.equal(node(['-e', script], { cwd: project }).stdout, 'file:./dev.db\n')
  })
})
