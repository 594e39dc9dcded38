// The loader and the JavaScript face, in real processes. What the native functions decide is tested elsewhere.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { addonFile, environment, node, project, root, temporaryFolder } from './layout.mjs'

const functions = ['validateDatabaseUrlEarly', 'assertCi', 'stateAdvance', 'execPrismaApproved', 'classifyDatabaseUrl', 'detectCi', 'readState', 'scanContract']
const classifies = "console.log(require('@org/prisma-guard').classifyDatabaseUrl('file:./dev.db').class.length > 0)"
const secret = 'postgresql://someone:hunter2@db.prod.example.com/shop'

describe('the loader', () => {
  test('takes the addon from the platform package in an installed project', () => {
    const { folder } = project()
    assert.deepEqual(node(['-e', classifies], { cwd: folder }), { exitCode: 0, stdout: 'true\n', stderr: '' })
  })

  test('takes the addon beside index.js in a checkout', () => {
    const { folder, guard } = project({ platformPackage: false })
    copyFileSync(join(root, addonFile), join(guard, addonFile))
    assert.equal(node(['-e', classifies], { cwd: folder }).stdout, 'true\n')
  })

  test('finds the platform package where pnpm puts it, behind a symbolic link', () => {
    const { folder } = project()
    const other = temporaryFolder()
    mkdirSync(join(other, 'node_modules/.pnpm/guard'), { recursive: true })
    cpSync(join(folder, 'node_modules'), join(other, 'node_modules/.pnpm/guard/node_modules'), { recursive: true })
    mkdirSync(join(other, 'node_modules/@org'))
    symlinkSync('../.pnpm/guard/node_modules/@org/prisma-guard', join(other, 'node_modules/@org/prisma-guard'))
    assert.equal(node(['-e', classifies], { cwd: other }).stdout, 'true\n')
  })

  // Each trap would print, or end the process with 99, if anything loaded it.
  function traps() {
    const folder = temporaryFolder()
    const script = "console.log('TRAPPED'); process.exit(99)"
    for (const name of ['trap', 'trap/.node_modules', 'trap/.node_libraries', 'trap/lib/node']) {
      const trap = join(folder, name, '@org/prisma-guard-linux-x64-gnu')
      mkdirSync(trap, { recursive: true })
      writeFileSync(join(trap, 'package.json'), '{ "main": "index.js" }')
      writeFileSync(join(trap, 'index.js'), script)
      writeFileSync(join(trap, addonFile), 'not an addon')
    }
    writeFileSync(join(folder, 'trap.js'), script)
    writeFileSync(join(folder, 'trap', addonFile), 'not an addon')
    const home = join(folder, 'trap')
    const library = join(folder, 'trap.js')
    return {
      cwd: home,
      env: {
        NAPI_RS_NATIVE_LIBRARY_PATH: library,
        NAPI_RS_FORCE_WASI: '1',
        PRISMA_GUARD_NATIVE_LIBRARY_PATH: library,
        NODE_PATH: home,
        HOME: home,
        PREFIX: home,
        LD_LIBRARY_PATH: home,
        npm_config_prefix: home,
      },
    }
  }

  test('loads the same file whatever variables and working directory say', () => {
    const { guard } = project()
    const { cwd, env } = traps()
    const script = classifies.replace('@org/prisma-guard', guard)
    assert.deepEqual(node(['-e', script], { cwd, env }), { exitCode: 0, stdout: 'true\n', stderr: '' })
  })

  test('loads nothing else when its own file is missing', () => {
    const { guard } = project({ platformPackage: false })
    const { cwd, env } = traps()
    const script = `try { require(${JSON.stringify(guard)}).assertCi() } catch (error) { console.log(error.rule) }`
    assert.deepEqual(node(['-e', script], { cwd, env }), { exitCode: 0, stdout: 'addon-missing\n', stderr: '' })
  })

  test('loads in several worker threads at once', () => {
    const { folder } = project()
    const script = `
      const { Worker } = require('node:worker_threads')
      let open = 4
      for (let each = 0; each < 4; each++) new Worker(${JSON.stringify(classifies)}, { eval: true, stdout: true }).on('exit', (code) => {
        if (code !== 0) process.exitCode = 1
        if (--open === 0) console.log('all ended')
      })`
    assert.deepEqual(node(['-e', script], { cwd: folder }), { exitCode: 0, stdout: 'all ended\n', stderr: '' })
  })
})

describe('the two module systems', () => {
  test('see the same objects under the same names', () => {
    const { folder } = project()
    writeFileSync(join(folder, 'same.mjs'), `
      import { createRequire } from 'node:module'
      import * as esm from '@org/prisma-guard'
      const cjs = createRequire(import.meta.url)('@org/prisma-guard')
      console.log(JSON.stringify({ esm: Object.keys(esm).sort(), cjs: Object.keys(cjs).sort(), same: Object.keys(cjs).every((name) => cjs[name] === esm[name]) }))`)
    const { exitCode, stdout, stderr } = node(['same.mjs'], { cwd: folder })
    assert.equal(exitCode, 0, stderr)
    const expected = ['GuardError', ...functions].sort()
    assert.deepEqual(JSON.parse(stdout), { esm: expected, cjs: expected, same: true })
  })

  test('both import databaseUrl by name from /config, outside the Prisma CLI', () => {
    const { folder } = project()
    writeFileSync(join(folder, 'config.mjs'), "import { databaseUrl } from '@org/prisma-guard/config'; console.log(typeof databaseUrl)")
    writeFileSync(join(folder, 'config.cjs'), "console.log(typeof require('@org/prisma-guard/config').databaseUrl)")
    for (const file of ['config.mjs', 'config.cjs']) assert.equal(node([file], { cwd: folder }).stdout, 'function\n', file)
  })

  test('evaluate /register before any import that stands after it', () => {
    const { folder } = project({ platformPackage: false })
    writeFileSync(join(folder, 'later.mjs'), "console.log('LATER')")
    writeFileSync(join(folder, 'later.cjs'), "console.log('LATER')")
    for (const later of ['later.mjs', 'later.cjs']) {
      writeFileSync(join(folder, 'app.mjs'), `import '@org/prisma-guard/register'\nimport './${later}'\n`)
      const { exitCode, stdout, stderr } = node(['app.mjs'], { cwd: folder, env: { DATABASE_URL: secret } })
      assert.equal(exitCode, 1)
      assert.equal(stdout, '')
      assert.match(stderr, /GuardError: .*could not be loaded/)
    }
  })
})

describe('errors', () => {
  test('of the addon are GuardErrors with its rule, exit code and message, and the stack of the caller', () => {
    const { folder } = project()
    writeFileSync(join(folder, 'refused.cjs'), `
      const { stateAdvance, GuardError } = require('@org/prisma-guard')
      function caller() { stateAdvance('deployment', undefined, { cwd: __dirname }) }
      try { caller() } catch (error) {
        console.log(JSON.stringify({ guard: error instanceof GuardError, name: error.name, rule: error.rule, exitCode: error.exitCode, json: error.message.startsWith('{'), frame: error.stack.split('\\n    at ')[1] }))
      }`)
    const { stdout, stderr } = node(['refused.cjs'], { cwd: folder })
    const { guard, name, rule, exitCode, json, frame } = JSON.parse(stdout || assert.fail(stderr))
    assert.deepEqual({ guard, name, json }, { guard: true, name: 'GuardError', json: false })
    assert.match(rule, /^[a-z]+(-[a-z]+)*$/)
    assert.notEqual(rule, 'internal-error')
    assert.ok([1, 77, 78].includes(exitCode), String(exitCode))
    assert.match(frame, /^caller /)
  })

  test('of any other kind become internal-error, which refuses too', () => {
    const { folder } = project()
    const script = `
      const { classifyDatabaseUrl, GuardError } = require('@org/prisma-guard')
      try { classifyDatabaseUrl(42) } catch (error) { console.log(error instanceof GuardError, error.rule, error.exitCode, error.cause instanceof Error) }`
    assert.equal(node(['-e', script], { cwd: folder }).stdout, 'true internal-error 78 true\n')
  })

  test('whose message is almost of the right form are not taken for the right form', () => {
    const script = `
      const { guardError } = require(${JSON.stringify(join(root, 'js/native.js'))})
      const almost = ['', 'null', '[]', '{}', '{"rule":1,"exitCode":77,"message":"x"}', '{"rule":"x","exitCode":"0","message":"x"}', '{"rule":"x","exitCode":77}', '{"rule":"x"']
      const values = [...almost.map((message) => new Error(message)), null, undefined, 'text', Object.create(null, { message: { get() { throw new Error('trap') } } })]
      console.log(values.every((value) => { try { const error = guardError(value); return error.rule === 'internal-error' && error.exitCode === 78 } catch { return false } }))`
    assert.equal(node(['-e', script]).stdout, 'true\n')
  })
})

describe('without an addon', () => {
  const missing = project({ platformPackage: false })

  test('importing never throws, and every function throws addon-missing with exit code 78', () => {
    const script = `
      const guard = require('@org/prisma-guard')
      const rules = ${JSON.stringify(functions)}.map((name) => { try { guard[name]('verification') } catch (error) { return error instanceof guard.GuardError && error.rule + error.exitCode } })
      console.log([...new Set(rules)].join())`
    assert.deepEqual(node(['-e', script], { cwd: missing.folder }), { exitCode: 0, stdout: 'addon-missing78\n', stderr: '' })
  })

  test('a production runtime goes on with its connection string, and one line on stderr that holds no secret', () => {
    const script = "const { class: c, url } = require('@org/prisma-guard').validateDatabaseUrlEarly(); console.log(c, url === process.env.DATABASE_URL)"
    const { exitCode, stdout, stderr } = node(['-e', script], { cwd: missing.folder, env: { NODE_ENV: 'production', DATABASE_URL: secret } })
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: 'unknown true\n' })
    assert.match(stderr, /^prisma-guard: DATABASE_URL was not checked: [^\n]+\n$/)
    assert.doesNotMatch(stderr, /hunter2|someone/)
    const argument = "console.log(require('@org/prisma-guard').validateDatabaseUrlEarly({ url: 'file:x' }).url)"
    assert.equal(node(['-e', argument], { cwd: missing.folder, env: { NODE_ENV: 'production', DATABASE_URL: secret } }).stdout, 'file:x\n')
  })

  test('a production runtime goes on with stderr closed', () => {
    const script = "require('@org/prisma-guard').validateDatabaseUrlEarly(); console.log('up')"
    const { status, stdout } = spawnSync('sh', ['-c', `exec "$0" -e "$1" 2>&-`, process.execPath, script], { cwd: missing.folder, env: environment({ NODE_ENV: 'production' }), encoding: 'utf8' })
    assert.deepEqual({ status, stdout }, { status: 0, stdout: 'up\n' })
  })

  test('production opens nothing but that: the other functions throw there too', () => {
    const script = "try { require('@org/prisma-guard').assertCi() } catch (error) { console.log(error.rule) }"
    assert.equal(node(['-e', script], { cwd: missing.folder, env: { NODE_ENV: 'production' } }).stdout, 'addon-missing\n')
  })

  test('the gate and the command print it and exit with 78, in production too', () => {
    for (const args of [['bin/prisma.js', 'migrate', 'deploy'], ['bin/prisma-guard.js', 'deploy'], ['bin/prisma-guard.js', 'uninstall']]) {
      const { exitCode, stdout, stderr } = node(args, { cwd: missing.guard, env: { NODE_ENV: 'production' } })
      assert.deepEqual({ exitCode, stdout }, { exitCode: 78, stdout: '' }, args.join(' '))
      assert.match(stderr, /^✖ addon-missing {2}[^\n]+\n$/, args.join(' '))
    }
  })

  test('install says that it installed nothing, and does not fail the install', () => {
    const { exitCode, stderr } = node(['bin/prisma-guard.js', 'install', '--postinstall'], { cwd: missing.guard })
    assert.equal(exitCode, 0)
    assert.match(stderr, /^prisma-guard: nothing was installed: [^\n]+\n$/)
  })

  test('/config refuses to load', () => {
    const { exitCode, stderr } = node(['-e', "require('@org/prisma-guard/config')"], { cwd: missing.folder })
    assert.equal(exitCode, 1)
    assert.match(stderr, /rule: 'addon-missing'/)
  })

  function message({ folder }, preload = '') {
    const script = `${preload}; try { require('@org/prisma-guard').assertCi() } catch (error) { console.log(error.message) }`
    return node(['-e', script], { cwd: folder }).stdout
  }

  test('the message names platform, architecture, libc, Node and what is built', () => {
    const text = message(missing)
    assert.match(text, /linux-x64, glibc \d+\.\d+, Node \d+\.\d+\.\d+: its package @org\/prisma-guard-linux-x64-gnu is not installed/)
    assert.match(text, /Built for: linux-x64-gnu\. Instead: install again without --omit=optional/)
  })

  test('a platform without a build gets the message', () => {
    for (const [platform, arch] of [['freebsd', 'x64'], ['linux', 'riscv64'], ['darwin', 'arm64'], ['__proto__', 'x']]) {
      const text = message(project(), `Object.defineProperties(process, { platform: { value: '${platform}' }, arch: { value: '${arch}' } })`)
      assert.match(text, new RegExp(`on ${platform}-${arch}, .*: there is no build for it\\. Built for: linux-x64-gnu\\. Instead: run it on a platform`))
    }
  })

  test('an addon that the system cannot load gets the message with the reason', () => {
    const broken = join(temporaryFolder(), addonFile)
    writeFileSync(broken, 'not an addon')
    assert.match(message(project({ addon: broken })), /linux-x64, glibc .*(invalid ELF header|file too short)/)
  })
})

describe('the package in its own repository', () => {
  test('has a postinstall that does nothing, silently', () => {
    assert.deepEqual(node(['bin/prisma-guard.js', 'install', '--postinstall'], { cwd: root }), { exitCode: 0, stdout: '', stderr: '' })
  })
})
