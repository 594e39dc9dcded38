// What must be on this machine before anything is installed or built, each missing thing named at once with the line that
// installs it. Plain Node without dependencies: it runs before `npm install`. Knows nothing of how the project is built.

import { spawnSync } from 'node:child_process'

/** What the build needs. `cc` links every Rust program, and compiles the C of SQLite and AWS-LC; on 64-bit Linux AWS-LC is
 * built from generated sources by the compiler alone, without cmake (builder/main.rs of aws-lc-sys 0.47.0). */
const build = [
  { name: 'git', commands: ['git'], debian: 'apt-get install git', macos: 'xcode-select --install' },
  { name: 'a C compiler', commands: ['cc'], debian: 'apt-get install gcc libc6-dev', macos: 'xcode-select --install' },
  { name: 'cargo', commands: ['cargo'], atLeast: [1, 95], debian: rustup(), macos: rustup() },
  { name: 'rustc', commands: ['rustc'], atLeast: [1, 95], debian: rustup(), macos: rustup() },
]

function rustup() {
  return "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && rustup update stable"
}

/** The version as `[major, minor]` that the program prints for --version, or null where it does not run. */
function version(command) {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  if (status !== 0) return null
  const found = /(\d+)\.(\d+)/.exec(stdout)
  return found === null ? [0, 0] : [Number(found[1]), Number(found[2])]
}

function older([major, minor], [wantedMajor, wantedMinor]) {
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor)
}

function installLine({ debian, macos }) {
  if (process.platform === 'darwin') return macos
  const sudo = debian.startsWith('apt-get') && process.getuid?.() !== 0 ? 'sudo ' : ''
  return sudo + debian
}

/**
 * The programs that are missing or too old, as sentences.
 * @param {{ name: string, commands: string[], atLeast?: [number, number], debian: string, macos: string }[]} programs
 */
export function missingPrograms(programs) {
  const missing = []
  for (const program of programs) {
    const found = program.commands.map(version).find((each) => each !== null)
    if (found === undefined) missing.push(`${program.name} is missing. Install it:\n      ${installLine(program)}`)
    else if (program.atLeast && older(found, program.atLeast)) {
      missing.push(`${program.name} ${found.join('.')} is too old, ${program.atLeast.join('.')} is needed. Install it:\n      ${installLine(program)}`)
    }
  }
  return missing
}

/** Ends the process with all that is missing, or returns. `programs`: what the caller needs beyond the build. */
export function requirePrerequisites(programs = []) {
  const missing = missingPrograms([...build, ...programs])
  if (Number(process.versions.node.split('.')[0]) < 20) {
    missing.unshift(`Node ${process.versions.node} is too old, 20 is needed. Install it:\n      https://nodejs.org/en/download`)
  }
  if (missing.length === 0) return
  process.stderr.write(`This machine lacks what the project needs:\n${missing.map((each) => `  - ${each}\n`).join('')}`)
  process.exit(1)
}
