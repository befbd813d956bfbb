import { describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { parse } from 'yaml'
import { RenderError, readChart, renderTarget, TARGETS } from '../../src/deploy/render/index.ts'
import { byName, USES } from './fixture.ts'
import { common, more, reply } from './more-contracts.ts'

const render = (target: (typeof TARGETS)[number], contracts = more) =>
  renderTarget(target, contracts, { uses: USES, poolMax: 5, chart: readChart('.') })

describe.each(TARGETS)('%s', (target) => {
  const files = render(target)

  it.each(Object.keys(files))('%s', (name) => expect(files[name]).toMatchSnapshot())

  it('is the same however the contracts are ordered', () => {
    expect(render(target, Object.fromEntries(Object.entries(more).reverse()))).toEqual(files)
  })

  it('names each part of a contract that it cannot express', () => {
    // It moves what runs already.
    if (target === 'flagger') return
    const text = Object.values(files).join('\n')
    const says = (name: string, part: string) => text.includes(`functions/${name}/contract.ts: ${part}: `)
    expect(says('make-report', 'egress')).toBe(true)
    expect(says('talk', 'upgrade')).toBe(target === 'sam')
    expect(says('take-file', 'body')).toBe(target === 'sam')
    expect(says('make-report', 'timeoutMs')).toBe(target === 'container-apps')
    expect(says('read-what-has-been-measured-today', 'name')).toBe(target === 'container-apps')
  })
})

it('refuses two functions that CloudFormation would call the same', () => {
  const again = { ...common, summary: 'Again.', method: 'GET', reply } as const
  const two = byName(
    endpoint({ ...again, name: 'a-1b', path: '/v1/a' }),
    endpoint({ ...again, name: 'a1b', path: '/v1/b' }),
  )
  expect(() => render('sam', two)).toThrow(RenderError)
  expect(() => render('sam', two)).toThrow('functions/a1b/contract.ts: name: AWS Lambda would call it A1b')
})

it('gives each function the secrets that it asks for, and no others', () => {
  const { Resources } = parse(render('sam')['targets/sam/template.yaml'] ?? '')
  const variables = Resources.SendReport.Properties.Environment.Variables
  expect(
    Object.keys(variables)
      .filter((name) => JSON.stringify(variables[name]).includes('resolve:secretsmanager'))
      .sort(),
  ).toEqual([...['DATABASE_URL', 'EBB_IDENTITY_JWKS', 'PRINTER_KEY', 'SMTP_URL']])
})
