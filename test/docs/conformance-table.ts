import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { CASES } from '../../src/conformance/cases.ts'

/**
 * The targets whose runs are in docs/runs, by the end of a file's name, where `-conform` may follow: what `--only conform` writes. The
 * newest run counts.
 */
const TARGETS = {
  knative: 'Kubernetes, Knative',
  kubernetes: 'Kubernetes alone',
  keda: 'Kubernetes, KEDA',
  openfaas: 'OpenFaaS',
  lambda: "AWS Lambda's runtime interface",
  'web-adapter': "behind AWS's web adapter",
} as const

const HEAD = ['target', 'cases passed', 'the others', 'as it came']

/** README's table of targets: what the files of docs/runs say, and of the laptop what `npm test` holds. */
export function conformanceTable(): string {
  const runs = Object.entries(TARGETS).flatMap(([end, target]) => {
    const file = newest(end)
    return file ? [rowOf(target, file)] : []
  })
  const missing = Object.entries(TARGETS).flatMap(([end, target]) => (newest(end) ? [] : [[target, 'not run', '', '']]))
  const rows = [HEAD, ['the laptop', `${CASES.length} of ${CASES.length}`, '', '`npm test`'], ...runs, ...missing]
  return toMarkdown(rows)
}

function rowOf(target: string, file: string): readonly string[] {
  const [, table = ''] = readFileSync(file, 'utf8').split('\n## Conformance\n')
  const cases = table.split('\n').flatMap((line) => {
    const [, , outcome, , why = ''] = line.split(' | ').length > 3 ? ['', ...line.slice(2).split(' | ')] : []
    return outcome && /^(passed|failed|skipped)$/.test(outcome) ? [{ outcome, why: why.replace(/ ?\|$/, '') }] : []
  })
  const others = Map.groupBy(
    cases.filter(({ outcome }) => outcome !== 'passed'),
    ({ outcome, why }) => `${outcome}: ${why.split(/[;,]/)[0]}`,
  )
  const passed = cases.filter(({ outcome }) => outcome === 'passed').length
  const reasons = [...others].map(([reason, same]) => `${same.length} ${reason}`)
  const name = basename(file, '.md')
  return [target, `${passed} of ${cases.length}`, reasons.join('; '), `[${name.slice(0, 10)}](docs/runs/${name}.md)`]
}

function newest(end: string): string | undefined {
  const files = globSync([`docs/runs/????-??-??-${end}.md`, `docs/runs/????-??-??-${end}-conform.md`])
  return files.toSorted((one, other) => (ranAt(one) < ranAt(other) ? -1 : 1)).at(-1)
}

/** When a run ended: the first time that its file names; the day alone where it names none. */
function ranAt(file: string): string {
  const [time] = /^\d{4}-\d\d-\d\dT[\d:.]+Z/m.exec(readFileSync(file, 'utf8')) ?? []
  return time ?? basename(file)
}

/** As biome writes it: columns as wide as their widest cell. */
function toMarkdown(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |\n`
  const [head = [], ...others] = rows
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...others.map(line)].join('')
}
