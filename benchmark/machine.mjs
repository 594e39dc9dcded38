// What a number is worth only together with: the machine, and the versions of what ran on it.
// Knows where each fact is read. Knows nothing of the numbers.

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const FILE_SYSTEMS = { 0xef53: 'ext2/3/4', 0x01021994: 'tmpfs', 0x58465342: 'xfs', 0x9123683e: 'btrfs', 0x794c7630: 'overlayfs', 0x2fc12fc1: 'zfs' }

/** The kind of file system that a folder is on, by the number that the kernel gives. */
export function fileSystem(folder) {
  const { type } = fs.statfsSync(folder)
  return FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`
}

const version = (folder) => JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).version

/** How many processes wanted a core in the last minute: what else the machine does disturbs every number. */
export const load = () => os.loadavg()[0].toFixed(2)

/** The facts by their names, in the order in which they are printed. */
export function machine({ guarded, peers, disk }) {
  const modules = path.join(guarded.project, 'node_modules')
  const memory = `${Math.round(os.totalmem() / 2 ** 30)} GiB`
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${os.cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${os.availableParallelism()} cores, ${memory}`,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    versions: [
      `Node ${process.versions.node}`,
      execFileSync('rustc', ['--version'], { encoding: 'utf8' }).trim(),
      `prisma ${version(path.join(modules, 'prisma'))}`,
      `pg-connection-string ${version(path.join(peers, 'pg-connection-string'))}`,
      `mysql2 ${version(path.join(peers, 'mysql2'))}`,
    ].join(', '),
    'file systems': `projects on ${fileSystem(guarded.project)}, records on ${fileSystem(disk)}`,
  }
}
