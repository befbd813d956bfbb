import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { Ajv } from 'ajv'
import { parseAllDocuments } from 'yaml'
import { readChart, renderTarget } from '../../src/deploy/render/index.ts'
import { PROMTOOL, testRules } from '../alerts/promtool.ts'
import { unknownMetrics } from '../chart/metric-names.ts'
import { itWhere } from '../support/requirements.ts'
import { more } from './more-contracts.ts'

const files = renderTarget('flagger', more, { poolMax: 5, chart: readChart('.') })
const documents = Object.values(files).flatMap((text) => parseAllDocuments(text).map((one) => one.toJS()))
const templates = documents.filter(({ kind }) => kind === 'MetricTemplate')
const canaries = documents.filter(({ kind }) => kind === 'Canary')

/** Flagger's own schemas, by kind. */
const schemas = JSON.parse(readFileSync('test/render/schemas/flagger-v1beta1.json', 'utf8'))
const ajv = new Ajv({ strict: false, validateFormats: false, schemas })
const faultsOf = (document: { readonly kind: string }) => {
  ajv.validate(document.kind, document)
  return ajv.errors ?? []
}

describe('what Flagger reads', () => {
  it('is what its own schemas allow', () => {
    expect(documents.length).toBeGreaterThan(4)
    for (const document of documents) expect(faultsOf(document)).toEqual([])
  })

  it.each<[string, object]>([
    ['a misspelt part', { analisys: {} }],
    ['a text for a number', { analysis: { threshold: '5' } }],
    ['a metric without a name', { analysis: { metrics: [{ interval: '1m' }] } }],
  ])('is not %s', (_, spec) => {
    const [first] = canaries
    expect(faultsOf({ ...first, spec: { ...first.spec, ...spec } })).not.toEqual([])
  })

  it('names a template for each metric, and a Canary for each endpoint that has callers of its own', () => {
    for (const { spec } of canaries)
      expect(
        spec.analysis.metrics.map(({ templateRef }: { templateRef: { name: string } }) => templateRef.name),
      ).toEqual(templates.map(({ metadata }) => metadata.name))
    expect(canaries.map(({ metadata }) => metadata.name)).toContain('make-report')
  })

  it('asks for metrics that the gateway has', () => {
    expect(unknownMetrics(templates.map(({ spec }) => spec.query))).toEqual([])
  })
})

/** As Flagger fills it in. */
function queryOf(name: string): string {
  const { query } = templates.find(({ metadata }) => metadata.name === name)?.spec ?? {}
  const values: Readonly<Record<string, string>> = {
    ...{ namespace: 'shop', target: 'list-orders', interval: '5m', 'variables.age': '1h' },
  }
  return query.replaceAll(/\{\{ ([\w.]+) \}\}/g, (_: string, key: string) => values[key] ?? '?')
}

const of = (revision: string, more: string) =>
  `{namespace="shop",function="list-orders",revision="${revision}",${more}}`
const responses = (revision: string, outcome: string) =>
  `ebb_revision_responses_total${of(revision, `outcome="${outcome}"`)}`
const replies = (revision: string, outcome: string) =>
  `ebb_revision_replies_checked_total${of(revision, `outcome="${outcome}"`)}`
const waits = (revision: string, le: string) => `ebb_revision_wait_seconds_bucket${of(revision, `le="${le}"`)}`
/** The old revision answers for two hours; the new one comes after 100 minutes. */
const OLD = '0+90x120'
const LATER = (perMinute: number) => `_x100 0+${perMinute}x20`

itWhere(PROMTOOL ? undefined : 'promtool is not installed')('Prometheus answers for the new revision alone', () =>
  testRules([
    {
      rules: [],
      tests: [
        {
          ...{
            name: 'a canary of which a tenth fails, and a fifth breaks the contract, beside an old one that fails too',
            at: '115m',
          },
          series: {
            [responses('1', 'fine')]: OLD,
            [responses('1', 'failed')]: '0+10x120',
            [responses('2', 'fine')]: LATER(18),
            [responses('2', 'undeclared')]: LATER(2),
            [responses('2', 'failed')]: LATER(0),
            [replies('1', 'fine')]: OLD,
            [replies('2', 'fine')]: LATER(8),
            [replies('2', 'broken')]: LATER(2),
            ...{ [waits('1', '0.1')]: OLD, [waits('1', '+Inf')]: OLD },
            ...{ [waits('2', '0.1')]: LATER(0), [waits('2', '0.2')]: LATER(20), [waits('2', '+Inf')]: LATER(20) },
          },
          expected: {
            [`round(${queryOf('ebb-undeclared')})`]: 10,
            [`round(${queryOf('ebb-failures')})`]: 10,
            [`round(${queryOf('ebb-broken')})`]: 20,
            [`round(${queryOf('ebb-slower')})`]: 100,
          },
        },
        {
          ...{ name: 'a canary that is fine', at: '115m' },
          series: { [responses('1', 'failed')]: OLD, [responses('2', 'fine')]: LATER(5) },
          expected: { [queryOf('ebb-undeclared')]: 0, [queryOf('ebb-failures')]: 0 },
        },
        {
          ...{ name: 'no canary has no value, at which Flagger waits', at: '115m' },
          series: { [responses('1', 'fine')]: OLD },
          expected: { [`count(${queryOf('ebb-failures')}) or vector(-1)`]: -1 },
        },
      ],
    },
  ]),
)
