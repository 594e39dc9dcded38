// The version stands in several files. `node tools/version.mjs 0.2.0` writes it everywhere; with --check it only compares, and
// without a version it compares with package.json's.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './build.mjs'

const platformPackage = '@org/prisma-guard-linux-x64-gnu'

/** Every place: its name, and how to read and write the version in the parsed or plain text of its file. */
const places = [
  json('package.json', 'version'),
  json('package.json', 'optionalDependencies', platformPackage),
  json('npm/linux-x64-gnu/package.json', 'version'),
  json('package-lock.json', 'version'),
  json('package-lock.json', 'packages', '', 'version'),
  json('package-lock.json', 'packages', '', 'optionalDependencies', platformPackage),
  json('package-lock.json', 'packages', 'npm/linux-x64-gnu', 'version'),
  text('Cargo.toml', /(?<=\[workspace\.package\]\nversion = ")[^"]+/),
]

function json(file, ...path) {
  const owner = (value) => path.slice(0, -1).reduce((each, key) => each[key], value)
  return {
    name: `${file} ${path.join(' ')}`,
    read: () => owner(JSON.parse(readFileSync(join(root, file), 'utf8')))[path.at(-1)],
    write(version) {
      const value = JSON.parse(readFileSync(join(root, file), 'utf8'))
      owner(value)[path.at(-1)] = version
      writeFileSync(join(root, file), `${JSON.stringify(value, null, 2)}\n`)
    },
  }
}

function text(file, pattern) {
  return {
    name: file,
    read: () => pattern.exec(readFileSync(join(root, file), 'utf8'))?.[0],
    write(version) {
      writeFileSync(join(root, file), readFileSync(join(root, file), 'utf8').replace(pattern, version))
    },
  }
}

/** The places that hold another version than this one, as sentences. */
export function otherVersions(version = places[0].read()) {
  return places.filter((place) => place.read() !== version).map((place) => `${place.name}: ${place.read()}, not ${version}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const check = process.argv[2] === '--check' || process.argv.length === 2
  const version = process.argv.slice(2).find((each) => each !== '--check')
  if (!check) {
    if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)) {
      process.stderr.write(`version: not a version: ${version}\n`)
      process.exit(1)
    }
    for (const place of places) place.write(version)
    process.stdout.write('Now: cargo update --workspace, and a heading in CHANGELOG.md.\n')
  }
  const others = otherVersions(version)
  process.stderr.write(others.map((each) => `version: ${each}\n`).join(''))
  process.exit(others.length === 0 ? 0 : 1)
}
