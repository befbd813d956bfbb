import { describe, expect, it } from '@jest/globals'
import { testWall } from './test-wall.ts'

// OWASP API8:2023: how it stands there if nobody configures anything. Names that are not its own are known-host.test.ts.
const { callers, wall } = testWall({
  holes: {
    'get-order': {
      handle: async () => {
        throw new Error('relation "secret_table" does not exist at /srv/app/handler.ts:12')
      },
    },
  },
})
const ID = '0b5c8ab0-5a0a-4a43-8d8a-ea9a8d2b64a0'

describe('by default', () => {
  it('no other origin`s page reads an answer', async () => {
    const caller = await callers.caller()
    for (const origin of ['https://evil.example', 'null', wall().url]) {
      const read = await caller.get('/v1/products', { origin })
      const asked = await caller.send({
        ...{ method: 'OPTIONS', path: '/v1/users' },
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-api-key' },
      })
      expect(
        Object.keys({ ...read.headers, ...asked.headers }).filter((name) => name.startsWith('access-control-')),
      ).toEqual([])
    }
  })

  it('an error says nothing of what is inside, and the log says all', async () => {
    const answer = await (await callers.caller()).get(`/v1/orders/${ID}`)
    expect(answer.status).toBe(500)
    expect(answer.text).not.toMatch(/secret_table|handler|\/srv|relation "|\bat \//)
    expect(answer.json()).toMatchObject({ error: 'internal', correlationId: answer.headers['x-correlation-id'] })
  })

  it('no header says what it is made of', async () => {
    const caller = await callers.caller()
    const answers = [await caller.get(`/v1/users/${ID}`), await caller.get('/none'), await caller.get('/docs')]
    for (const name of ['x-powered-by', 'server', 'via', 'etag', 'x-envoy-upstream-service-time', 'ebb-cold'])
      expect(answers.map(({ headers }) => headers[name])).toEqual([undefined, undefined, undefined])
  })

  it('an answer to somebody is kept by no cache', async () => {
    const caller = await callers.caller()
    for (const path of [`/v1/users/${ID}`, '/v1/products']) {
      const { headers } = await caller.get(path)
      expect([headers['cache-control'], headers.vary]).toEqual([
        'private, no-store',
        expect.stringMatching(/Authorization, X-API-Key/i),
      ])
    }
    expect((await callers.stranger.get(`/v1/users/${ID}`)).headers['cache-control']).toBe('private, no-store')
  })

  it('the page of the documentation loads nothing from elsewhere, and is in no frame', async () => {
    const { status, headers } = await callers.stranger.get('/docs')
    if (status === 200) {
      expect(headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
      expect(headers['x-content-type-options']).toBe('nosniff')
    }
  })

  it.each([
    '/.env',
    '/.git/config',
    '/server-status',
    '/actuator/env',
    '/debug',
    '/swagger.json',
    '/graphql',
    '/_/ready/../metrics',
    '/admin',
    '/docs/../../package.json',
  ])('there is no %s', async (path) => {
    const { status, text } = await callers.stranger.get(path)
    expect([400, 404]).toContain(status)
    expect(text).not.toMatch(/EBB_|postgres|"dependencies"/)
  })
})
