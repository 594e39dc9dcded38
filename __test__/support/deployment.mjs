// What a test of a deployment in CI stands on: a runner with its own identity provider, and for each test an application that trusts it and has a
// production database. Knows nothing of what the tests claim.

import { after, afterEach, before, beforeEach } from 'node:test'
import { startRunner } from './ci/runner-client.mjs'
import { freePort } from './environment.mjs'
import { productionDatabase } from './production-database.mjs'
import { Shop } from './shop.mjs'

/** To be called in a `describe`; hands out the runner and a fresh application before each of its tests. */
export function deployingInCi(hand) {
  let runner
  let shop
  before(async () => {
    runner = await startRunner({ port: await freePort() })
  })
  after(() => runner.stop())
  beforeEach(async () => {
    shop = await Shop.create({ issuer: runner.issuer })
    await productionDatabase(shop)
    hand({ runner, shop })
  })
  afterEach(() => shop.remove())
}
