import { expect, it } from '@jest/globals'
import { authorizer, subscriber } from 'ebb/contract'
import { contractChecks } from '../../src/deploy/render/contract-checks.ts'
import { render } from '../../src/deploy/render/index.ts'
import { byName, fixture, getReport, OPTIONS, USES } from './fixture.ts'

const deployment = { secrets: ['PAPER_KEY'], scale: { max: 3 }, timeoutMs: 3_000 } as const
const common = { name: 'check-printer', summary: 'Tell which printer sends a request.', ...deployment }
const judge = authorizer({ ...common, credentials: { headers: ['x-printer-key'] } })
const { 'send-report': other } = fixture
// The fixture's own.
const reader = subscriber({ ...common, on: (other as Extract<typeof other, { kind: 'subscriber' }>).on })

/** Without what says of which kind a function is: the chart's list, and what dashboards have to choose from. */
const onClusters = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).filter(([name]) => !/functions\.yaml|dashboards/.test(name)))

it('an authorizer runs as a subscriber of the same deployment does, on every cluster', () => {
  const options = { ...OPTIONS, uses: USES }
  const files = render({ ...fixture, ...byName(judge) }, options)
  const others = render({ ...fixture, ...byName(reader) }, options)
  expect(files['charts/ebb/functions.yaml']).toContain('kind: authorizer')
  const { 'charts/ebb/functions.yaml': values = '' } = files
  const { 'charts/ebb/functions.yaml': otherValues = '' } = others
  const rest = onClusters(files)
  expect(rest).toEqual(onClusters(others))
  expect(Object.values(rest).filter((text) => text.includes('check-printer')).length).toBeGreaterThan(3)
  const [check, otherCheck] = [values, otherValues].map((text) => /check-printer:\n(?: {4}.*\n)+/.exec(text)?.[0])
  // Of a broker, where there is one.
  const trigger = / {4}trigger:\n(?: {6}.*\n)+/
  expect(check?.replace('kind: authorizer', 'kind: subscriber')).toBe(otherCheck?.replace(trigger, ''))
})

it('no test of a chart asks an endpoint whose callers only its authorizer knows', () => {
  const judged = { ...getReport, access: { authorizer: 'check-printer' } }
  const checked = (contract: typeof getReport) => contractChecks(byName(judge, contract)).map((check) => check.function)
  expect([checked(getReport), checked(judged as never)]).toEqual([['get-report'], []])
})
