import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from '@jest/globals'
import { stringify } from 'yaml'
import { importContracts } from '../../src/deploy/import-sources.ts'
import { dashboards } from '../../src/deploy/render/dashboards/index.ts'
import { PROMTOOL } from '../alerts/promtool.ts'
import { findProgram } from '../support/find-program.ts'
import { itWhere } from '../support/requirements.ts'
import { describeChart, only, renderChart } from './helm.ts'
import { unknownMetrics } from './metric-names.ts'

const FILES = globSync('charts/ebb/dashboards/*.json').sort()
/** test/chart/check-dashboards, which .ci/run builds. */
const CHECK = findProgram('check-dashboards')
const run = promisify(execFile)

interface Board {
  readonly uid: string
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] }
}

const read = (file: string): Board => JSON.parse(readFileSync(file, 'utf8'))
const expressionsOf = ({ panels }: Board) => panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))

it.each(FILES)('%s names metrics and choices that there are', (file) => {
  const board = read(file)
  const expressions = expressionsOf(board)
  expect(unknownMetrics(expressions)).toEqual([])
  const choices = new Set([...board.templating.list.map(({ name }) => name), '__rate_interval'])
  const named = expressions.flatMap((expression) =>
    Array.from(expression.matchAll(/\$(\w+)/g), ([, name = '']) => name),
  )
  expect(named.filter((name) => !choices.has(name))).toEqual([])
})

it('they offer what the contracts have', async () => {
  const boards = dashboards(await importContracts('test/project'))
  const valuesOf = (board: string, choice: string) =>
    (JSON.parse(boards[`charts/ebb/dashboards/${board}.json`] ?? '') as Board).templating.list
      .find(({ name }) => name === choice)
      ?.query.split(',')
  expect(valuesOf('endpoint', 'route')).toContain('/v1/orders')
  expect(valuesOf('cold-starts', 'function')).toContain('place-order')
  expect(valuesOf('events', 'consumer')?.length).toBeGreaterThan(0)
})

itWhere(PROMTOOL ? undefined : 'no promtool on PATH')('each expression is one that Prometheus reads', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-dashboards-'))
  try {
    const plain = (expr: string) => expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$\w+/g, 'any')
    const rules = FILES.flatMap((file) => expressionsOf(read(file))).map((expr, i) => ({
      ...{ record: `expression:${i}`, expr: plain(expr) },
    }))
    expect(rules.length).toBeGreaterThan(50)
    await writeFile(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'dashboards', rules }] }))
    const { stdout } = await run(PROMTOOL ?? '', ['check', 'rules', join(folder, 'rules.yaml')])
    expect(stdout).toContain(`${rules.length} rules found`)
  } finally {
    await rm(folder, { recursive: true })
  }
})

itWhere(CHECK ? undefined : 'no check-dashboards on PATH: test/chart/check-dashboards')(
  "each is by Grafana's own schema, with nothing that it does not know",
  async () => {
    expect(await run(CHECK ?? '', FILES)).toMatchObject({ stdout: '' })
  },
)

describeChart('the dashboards of the chart', () => {
  it('are ConfigMaps that Grafana finds by their label', async () => {
    const manifests = await renderChart()
    for (const file of FILES) {
      const name = file.replace(/.*\/(.*)\.json/, '$1')
      const { metadata, data = {} } = only(manifests, 'ConfigMap', `ebb-dashboard-${name}`)
      expect(metadata.labels).toMatchObject({ grafana_dashboard: '1' })
      expect(JSON.parse(data[`${name}.json`] ?? '')).toEqual(read(file))
    }
  })
})
