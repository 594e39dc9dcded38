// `npm run test:production-safety-hardened` in an application that adopted the package: the contract's attacks, run for real.
// Knows what the command promises. Knows nothing of how each attack is made.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { productionDatabase } from './support/production-database.mjs'
import { Shop } from './support/shop.mjs'

describe('npm run test:production-safety-hardened', () => {
  let shop
  before(async () => {
    shop = await Shop.create()
    await productionDatabase(shop)
  })
  after(() => shop.remove())

  const prove = () => shop.run('npm', ['run', '--silent', 'test:production-safety-hardened'])

  it('runs every attack, names each, and leaves project and database as they were', async () => {
    const before = shop.databaseDigest()
    const ended = await prove()
    assert.equal(ended.exitCode, 0, ended.output)
    assert.match(ended.output, /^11 attacks, 11 refused, 0 got through$/m)
    assert.equal(shop.databaseDigest(), before)
    assert.equal(shop.git('status', '--porcelain'), '')
    assert.ok(!fs.existsSync(path.join(shop.project, '.deployment-state')))
  })

  it('fails where an attack gets through: a config file that lets the guard go, a client that starts without it, a real CLI linked back', async () => {
    const changes = [
      ['prisma.config.ts', (text) => text.replace(/import \{ databaseUrl \} from '@org\/prisma-guard\/config'\n/, 'const databaseUrl = (name: string) => process.env[name]!\n')],
      ['lib/prisma.ts', (text) => text.replace(/import '@org\/prisma-guard\/register'\n/, '').replace(/validateDatabaseUrlEarly\(\)\.url/, 'process.env.DATABASE_URL!').replace(/import \{ validateDatabaseUrlEarly \}.*\n/, '')],
    ]
    for (const [file, change] of changes) {
      const text = shop.read(file)
      assert.notEqual(change(text), text, file)
      shop.write(file, change(text))
      const ended = await prove()
      assert.equal(ended.exitCode, 1, `${file}: ${ended.output}`)
      assert.match(ended.output, /^GOT THROUGH {2}/m)
      shop.write(file, text)
    }
    const launcher = path.join(shop.project, 'node_modules/.bin/prisma')
    fs.rmSync(launcher)
    fs.symlinkSync('../prisma/build/index.js', launcher)
    const ended = await prove()
    assert.equal(ended.exitCode, 1, ended.output)
  })
})
