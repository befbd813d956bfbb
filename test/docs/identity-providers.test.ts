import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { parseIssuers } from 'ebb/protocol'
import { parse } from 'yaml'
import { ofKind, renderChart, type Values } from '../chart/helm.ts'
import { findProgram } from '../support/find-program.ts'
import { itWhere } from '../support/requirements.ts'

const page = readFileSync('docs/identity-providers.md', 'utf8')
const blocksOf = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block)

it.each(blocksOf('json'))('the issuers of the page are good: %s', (block) => {
  expect(parseIssuers(JSON.parse(block)).length).toBeGreaterThan(0)
})

it('names every member that an issuer may have', () => {
  const members = [...page.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name)
  const [settings] = parseIssuers([
    {
      ...{ issuer: 'https://login.example', audience: 'a', algorithms: ['ES256'], tenant: 'acme', clients: ['a'] },
      ...{ refreshSeconds: 60, jwksUri: 'https://login.example/keys', introspection: { clientId: 'a' } },
    },
  ])
  expect(members.sort()).toEqual(Object.keys(settings ?? {}).sort())
})

itWhere(findProgram('helm') ? undefined : 'no helm on PATH')('the chart takes the values of the page', async () => {
  const [values = ''] = blocksOf('yaml')
  expect(JSON.stringify(ofKind(await renderChart(parse(values) as Values), 'Deployment'))).toContain('EBB_ISSUERS')
})
