import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from '@jest/globals'
import { parse } from 'yaml'
import { OBJECTIVE_RULES } from '../../src/protocol/alerts/objectives.ts'
import { findProgram } from '../support/find-program.ts'
import { itWhere } from '../support/requirements.ts'
import { SEED } from '../support/seed.ts'
import { PROMTOOL, testRules } from './promtool.ts'
import { randomNumbers, randomTraffic, seriesOf } from './random-traffic.ts'

const FOLDER = 'test/alerts/sloth'
const SLOTH = findProgram('sloth')

interface SlothRule {
  readonly alert?: string
  readonly record?: string
  readonly labels?: Readonly<Record<string, string>>
}

const readRules = (text: string) =>
  (parse(text) as { groups: { rules: readonly SlothRule[] }[] }).groups.flatMap(({ rules }) => rules)

/** Those by which an alert comes about: Sloth records more, for dashboards. */
const readOracle = (days: number) =>
  readRules(readFileSync(`${FOLDER}/rules-${days}d.yaml`, 'utf8')).filter(
    ({ alert, record }) => alert !== undefined || /^slo:sli_error:ratio_rate(5m|30m|1h|6h|3d)$/.test(record ?? ''),
  )

/** Ours, for one installation. */
const OURS = OBJECTIVE_RULES.map((rule) => ({
  ...('alert' in rule
    ? { alert: rule.alert, labels: { severity: rule.severity, window: rule.window } }
    : { record: rule.record, ...(rule.labels ? { labels: rule.labels } : {}) }),
  expr: rule.expr.replaceAll(/\$(gateway|here)/g, 'namespace="default"'),
}))

/** Of each period of an objective; each route has two objectives. */
const ROUTES = 60
const QUIET = 8
/** Longer than the longest window. */
const STEP_MINUTES = 5
const STEPS = (3.5 * 24 * 60) / STEP_MINUTES
/** Each is an evaluation of all rules, over up to three days of all series. */
const EVERY = '1h'

const firing = (alert: string, labels: string) =>
  `count by (route) (ALERTS{alertname="${alert}",alertstate="firing",${labels}})`
const PAIRS = ['availability', 'latency'].flatMap((objective) => [
  { ours: `objective="${objective}",severity=~"critical|warning"`, theirs: 'severity="page"', objective },
  { ours: `objective="${objective}",severity="info"`, theirs: 'severity="ticket"', objective },
])
const NAMES: Readonly<Record<string, string>> = { availability: 'Availability', latency: 'Latency' }

/** At how many times of all four days, on all routes of this kind, an expression has an element. */
const everFires = (expression: string) =>
  `sum(count_over_time((${expression})[${STEPS * STEP_MINUTES}m:${EVERY}])) or vector(0)`

const itWithPromtool = itWhere(PROMTOOL ? undefined : 'no promtool on PATH')
const itWithSloth = itWhere(SLOTH ? undefined : 'no sloth on PATH: go install github.com/slok/sloth/cmd/sloth@v0.16.0')

itWithPromtool(
  `on ${4 * ROUTES} objectives with random traffic, alerts fire when those of Sloth do, but where there are too few requests (seed ${SEED})`,
  async () => {
    const random = randomNumbers(SEED)
    await testRules(
      [30, 90].map((days) => {
        const routes = Array.from({ length: ROUTES }, (_, i) => {
          const isQuiet = i < QUIET
          // Quiet is: fewer than 100 requests in three days, which is 864 steps.
          const requests = isQuiet ? ([0.001, 0.1] as const) : ([1_000, 50_000] as const)
          return seriesOf(
            `/${isQuiet ? 'quiet' : 'busy'}/${i}`,
            days,
            randomTraffic({ random, steps: STEPS, requests }),
            STEPS,
          )
        })
        const busy = PAIRS.flatMap(({ ours, theirs, objective }) => {
          const mine = firing('EbbObjectiveAtRisk', `${ours},route=~"/busy/.*"`)
          const oracle = firing(NAMES[objective] ?? '', `${theirs},route=~"/busy/.*"`)
          return [
            [everFires(`${mine} unless ${oracle}`), 0],
            [everFires(`${oracle} unless ${mine}`), 0],
            // Both fire, and on many routes: equal silence would show nothing.
            [`(${everFires(`${mine} and ${oracle}`)}) > bool 100`, 1],
          ] as const
        })
        const quiet = [
          [everFires(firing('EbbObjectiveAtRisk', 'route=~"/quiet/.*"')), 0],
          [`(${everFires(firing('Availability', 'route=~"/quiet/.*"'))}) > bool 10`, 1],
        ] as const
        return {
          rules: [...OURS, ...readOracle(days)],
          every: EVERY,
          tests: [
            {
              name: `over ${days} days`,
              series: Object.assign({}, ...routes),
              step: `${STEP_MINUTES}m`,
              at: `${STEPS * STEP_MINUTES}m`,
              expected: Object.fromEntries([...busy, ...quiet]),
            },
          ],
        }
      }),
    )
  },
)

itWithSloth('the rules of Sloth are those that it writes', async () => {
  for (const days of [30, 90]) {
    const folder = await mkdtemp(join(tmpdir(), 'ebb-sloth-'))
    try {
      await cp(`${FOLDER}/windows-${days}d.yaml`, join(folder, 'windows.yaml'))
      const { stdout } = await promisify(execFile)(SLOTH ?? '', [
        ...['generate', '--input', `${FOLDER}/slo.yaml`],
        ...['--slo-period-windows-path', folder, '--default-slo-period', `${days}d`],
      ])
      expect(readRules(stdout)).toEqual(readRules(readFileSync(`${FOLDER}/rules-${days}d.yaml`, 'utf8')))
    } finally {
      await rm(folder, { recursive: true })
    }
  }
})
