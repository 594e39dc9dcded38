// What a test or the demo needs around an application: a developer's variables, an installer's, a free port, the package's tarballs.
// Knows nothing of the application.

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..')

/** The platform's name in `npm/` and in npm's package names. */
export const platform = `${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`

/** The variables of a developer's shell: none that npm, a CI or this run set. */
export function developer(more = {}) {
  const { HOME, LANG, TERM } = process.env
  // Without the folders that `npm run` put in front.
  const PATH = process.env.PATH.split(path.delimiter).filter((entry) => !/node_modules/.test(entry)).join(path.delimiter)
  return { PATH, HOME, LANG: LANG ?? 'C.UTF-8', TERM: TERM ?? 'dumb', NO_COLOR: '1', CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1', npm_config_update_notifier: 'false', npm_config_loglevel: 'error', ...more }
}

/** The same for what needs the network: a registry, a proxy or a certificate that this shell names is kept. */
export function installer() {
  const network = /^(npm_config_(registry|cafile|proxy|https_proxy|noproxy|cache|userconfig|globalconfig)|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR))$/i
  return developer(Object.fromEntries(Object.entries(process.env).filter(([name]) => network.test(name))))
}

/** A free port on loopback. */
export async function freePort() {
  const server = net.createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Packs the package and its platform package as `npm publish` would, and returns both tarballs. */
export function pack(folder) {
  fs.mkdirSync(folder, { recursive: true })
  return [repository, path.join(repository, 'npm', platform)].map((packed) => {
    const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: packed, env: installer(), encoding: 'utf8' })
    const described = JSON.parse(output)
    const [{ filename }] = Array.isArray(described) ? described : Object.values(described)
    return path.join(folder, filename)
  })
}
