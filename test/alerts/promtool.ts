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
  /** The time between two values; default: a minute. */
  readonly step?: string
  /** How long after the first values it is asked, such as `90m`. */
  readonly at: string
  /** What is asked, with the value that it should have. */
  readonly expected: Readonly<Record<string, number>>
}

/** Tells the number of alerts with this name that fire. */
export const firing = (alert: string, labels = ''): string =>
  `count(ALERTS{alertname="${alert}",alertstate="firing"${labels && `,${labels}`}}) or vector(0)`

/** Rules, and what should come of them. */
export interface RulesTests {
  readonly rules: readonly object[]
  readonly tests: readonly RulesTest[]
  /** How often the rules are evaluated; default: each minute. */
  readonly every?: string
}

/** Evaluates rules on series. Rejects with promtool's own words where something else comes of it than expected. */
export async function testRules(all: readonly RulesTests[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-rules-'))
  try {
    const write = async ({ rules, tests, every = '1m' }: RulesTests, i: number) => {
      await writeFile(join(folder, `rules-${i}.yaml`), stringify({ groups: [{ name: 'ebb', rules }] }))
      const file = join(folder, `tests-${i}.yaml`)
      const test = { rule_files: [`rules-${i}.yaml`], evaluation_interval: every, tests: tests.map(toTest) }
      await writeFile(file, stringify(test))
      return file
    }
    const files = await Promise.all(all.map(write))
    await promisify(execFile)(PROMTOOL ?? '', ['test', 'rules', ...files], { env: {} }).catch(
      ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) => {
        throw new Error(stdout + stderr)
      },
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

const toTest = ({ name, series, step = '1m', at, expected }: RulesTest) => ({
  ...{ name, interval: step },
  input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
  promql_expr_test: Object.entries(expected).map(([expr, value]) => ({
    ...{ expr, eval_time: at },
    exp_samples: [{ value }],
  })),
})
