import { describe, expect, it } from '@jest/globals'
import { tryContracts } from '../../src/deploy/import-sources.ts'
import { TEST_PROJECT } from '../support/project.ts'
import { testWall } from './test-wall.ts'

// OWASP API9:2023: nothing is served that is not written down, and nothing is written down that is for nobody outside.
const { callers, wall } = testWall()

interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId?: string }>>>>
}

describe('the published document', () => {
  it('has every endpoint, and beside them only what the platform has for callers', async () => {
    const { contracts } = await tryContracts(TEST_PROJECT)
    const endpoints = Object.values(contracts).flatMap((contract) =>
      contract.kind === 'endpoint' ? [`${contract.method} ${contract.path}`] : [],
    )
    const { paths } = (await callers.stranger.get('/openapi.json')).json<ApiDocument>()
    const written = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const platform = written.filter((one) => /^\w+ \/v1\/(invocations|keys|usage)(\/|$)/.test(one))
    expect(written.filter((one) => !platform.includes(one)).sort()).toEqual(endpoints.sort())
  })

  it('says nothing of functions that no caller may call, of secrets, or of where it runs', async () => {
    const { text } = await callers.stranger.get('/openapi.json')
    for (const word of [
      'confirm-order',
      'send-welcome-email',
      'EBB_',
      'DATABASE_URL',
      wall().admin,
      'egress',
      'secrets',
    ])
      expect([word, text.includes(word)]).toEqual([word, false])
  })
})

it('what is not written down is not there: every other method at its paths, and what its neighbours would be called', async () => {
  const { paths } = (await callers.stranger.get('/openapi.json')).json<ApiDocument>()
  const everything = await callers.caller()
  const before = wall().received.length
  for (const [path, operations] of Object.entries(paths)) {
    const real = path.replaceAll(/\{\w+\}/g, '0b5c8ab0-5a0a-4a43-8d8a-ea9a8d2b64a0')
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      if (operations[method.toLowerCase()]) continue
      const { status, headers } = await everything.send({ method, path: real })
      expect([method, path, status]).toEqual([method, path, 405])
      expect(String(headers.allow).split(', ')).not.toContain(method)
    }
    for (const neighbour of [
      real.replace('/v1', '/v2'),
      real.replace('/v1', '/v0'),
      real.replace('/v1', ''),
      `${real}/export`,
      `${real}.json`,
      `/internal${real}`,
    ]) {
      const { status } = await everything.get(neighbour)
      expect([neighbour, [400, 404, 405].includes(status)]).toEqual([neighbour, true])
    }
  }
  expect(
    wall()
      .received.slice(before)
      .filter(({ url }) => !/\.json$/.test(url)),
  ).toEqual([])
})
