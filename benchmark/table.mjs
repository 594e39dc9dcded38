// How numbers are shown: units, and one table as text or as Markdown.
// A row is { what, ours, floor, peers, ratio, bound, within }: texts, and whether it is within its bound.
// Knows nothing of what was measured.

const columns = { what: 'what', ours: 'ours', floor: 'floor', peers: 'peers', ratio: 'ratio', bound: 'bound', verdict: '' }

/** Three digits at most, as many as the number has to say. */
const digits = (value) => (Math.abs(value) < 10 ? value.toFixed(2) : Math.abs(value) < 100 ? value.toFixed(1) : value.toFixed(0))

export const millisecondsOf = (milliseconds) => `${digits(milliseconds)} ms`
export const microsecondsOf = (nanoseconds) => `${digits(nanoseconds / 1000)} µs`
export const times = (ratio) => `${ratio.toFixed(2)} ×`
export const percent = (share) => `${(share * 100).toFixed(1)} %`

const cells = (row) => Object.keys(columns).map((name) => (name === 'verdict' ? (row.within ? 'within' : 'OVER') : row[name]))

const summary = (rows) => `${rows.filter(({ within }) => within).length} of ${rows.length} within their bounds.`

/** As Markdown, with the machine's facts above. */
export function markdown(rows, facts) {
  const line = (texts) => `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`
  return [
    ...Object.entries(facts).map(([name, fact]) => `- ${name}: ${fact}`),
    '',
    line(Object.values(columns)),
    line(Object.keys(columns).map(() => '---')),
    ...rows.map((row) => line(cells(row))),
    '',
    summary(rows),
  ].join('\n')
}

/** As text: what is measured stands above its figures, which would make a line too long. */
export function text(rows, facts) {
  const width = Math.max(...Object.keys(facts).map((name) => name.length))
  const figures = Object.keys(columns).slice(1, -1)
  return [
    ...Object.entries(facts).map(([name, fact]) => `${name.padEnd(width)}  ${fact}`),
    '',
    ...rows.flatMap((row) => [
      `${row.within ? '✔ within' : '✖ OVER  '}  ${row.what}`,
      `          ${figures.filter((name) => row[name] !== '–').map((name) => `${name} ${row[name]}`).join('   ')}`,
    ]),
    '',
    summary(rows),
  ].join('\n')
}
