// A command on a terminal of its own (a pseudo-terminal, by script(1) of util-linux), with someone who types when asked.
// Knows nothing of what is run.

import { spawn } from 'node:child_process'

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`

/**
 * Runs a command to its end. `keys` are typed once `prompt` is seen.
 * @returns {Promise<{ exitCode: number, output: string }>} what the terminal showed, without durations, which differ from run to run
 */
export function onTerminal(command, { cwd, env, prompt, keys }) {
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command.map(quoted).join(' '), '/dev/null'], { cwd, env, stdio: 'pipe' })
    let output = ''
    let typed = prompt === undefined
    child.stdout.on('data', (chunk) => {
      output += chunk
      if (!typed && prompt.test(output)) {
        typed = true
        // The program shows its question before it listens.
        setTimeout(() => child.stdin.write(keys), 300)
      }
    })
    child.stderr.on('data', (chunk) => { output += chunk })
    child.on('error', reject)
    child.on('close', (exitCode) => resolve({ exitCode, output: output.replace(/\d+ms/g, 'ms') }))
  })
}
