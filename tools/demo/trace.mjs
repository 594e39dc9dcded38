// Which of Prisma's own files a command and its children open: evidence that Prisma was, or was never, loaded.
// Knows strace's output and Node's NODE_DEBUG=module. Knows nothing of what the command is.

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

/** Prisma's program: the CLI's build, its engines, the client and what was generated for it. Package manifests are data, not program. */
const prisma = /\/node_modules\/(?:prisma\/|@prisma\/|\.prisma\/client\/)[^"'\s]*\.(?:js|mjs|cjs|wasm|node)$|\/schema-engine-[^/"'\s]+$/

function straceWorks() {
  const { status } = spawnSync('strace', ['-f', '--seccomp-bpf', '-qq', '-e', 'trace=execve', '-o', '/dev/null', 'true'], { stdio: 'ignore' })
  return status === 0
}

/**
 * A tracer that keeps its notes in `folder`.
 * @returns {{ how: string, options: () => { prefix?: string[], environment: Record<string, string> }, opened: (output: string) => string[] }}
 *   how: what the evidence is, for people; options: for the next command; opened: the files of Prisma which that command opened
 */
export function tracer(folder) {
  let file
  if (straceWorks()) {
    let count = 0
    return {
      how: 'strace, every file opened by the command and its children',
      options() {
        file = path.join(folder, `trace-${++count}.log`)
        return { prefix: ['strace', '-f', '--seccomp-bpf', '-qq', '-s', '4096', '-e', 'trace=open,openat,openat2,execve', '-o', file], environment: {} }
      },
      opened() {
        const found = new Set()
        for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
          const opened = /\b(?:open|openat|openat2|execve)\((?:AT_FDCWD, )?"([^"]+)"/.exec(line)?.[1]
          // What could not be opened (ENOENT while a name is resolved) was not loaded.
          if (opened && prisma.test(opened) && !/= -1 E/.test(line)) found.add(opened)
        }
        return [...found]
      }
    }
  }
  return {
    how: 'NODE_DEBUG=module, every module that Node loads in the command and its children (strace is not here)',
    options: () => ({ environment: { NODE_DEBUG: 'module' } }),
    opened: (output) => [...new Set([...output.matchAll(/^MODULE \d+: load "([^"]+)"/gm)].map(([, loaded]) => loaded).filter((loaded) => prisma.test(loaded)))]
  }
}
