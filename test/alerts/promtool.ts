import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { findProgram } from '../support/find-program.ts'

/** Where promtool is, which Prometheus comes with; undefined where it is not. */
export const PROMTOOL = findProgram('promtool')

/** Series by their names and labels, with values in promtool's notation: `0+1x60` grows by one each minute. */
export type Series = Readonly<Record<string, string>>

export interface RulesTest {
  /** Said where it fails. */
  readonly name: string
  readonly series: Series
  /** How long after the first values it is asked, such as `90m`. */
  readonly at: string
  /** What is asked, with the value that it should have. */
  readonly expected: Readonly<Record<string, number>>
}

/** Tells the number of alerts with this name that fire. */
export const firing = (alert: string, labels = ''): string =>
  `count(ALERTS{alertname="${alert}",alertstate="firing"${labels && `,${labels}`}}) or vector(0)`

/** Evaluates groups of rules on series. Rejects with promtool's own words where something else comes of it than expected. */
export async function testRules(groups: unknown, tests: readonly RulesTest[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-rules-'))
  try {
    await writeFile(join(folder, 'rules.yaml'), stringify({ groups }))
    const file = join(folder, 'tests.yaml')
    await writeFile(
      file,
      stringify({ rule_files: ['rules.yaml'], evaluation_interval: '1m', tests: tests.map(toTest) }),
    )
    await promisify(execFile)(PROMTOOL ?? '', ['test', 'rules', file], { env: {} }).catch(
      ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) => {
        throw new Error(stdout + stderr)
      },
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

const toTest = ({ name, series, at, expected }: RulesTest) => ({
  ...{ name, interval: '1m' },
  input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
  promql_expr_test: Object.entries(expected).map(([expr, value]) => ({
    ...{ expr, eval_time: at },
    exp_samples: [{ value }],
  })),
})
