import { describe, expect, it } from '@jest/globals'
import { makeToken } from '../../src/data/keys/api-key-token.ts'
import { codeOf, testWall } from './test-wall.ts'

// OWASP API2:2023. What is refused of access tokens is jwt-negatives.test.ts.
const { callers, wall } = testWall()
const PATH = '/v1/users/0b5c8ab0-5a0a-4a43-8d8a-ea9a8d2b64a0'

describe('a credential', () => {
  it('is taken from two headers, and from nowhere else', async () => {
    const key = await wall().keyOf('ann', ['users:read'])
    const { send } = callers.stranger
    for (const headers of [
      { 'x-api-key': key },
      { authorization: `Bearer ${key}` },
      { authorization: `bearer ${key}` },
    ])
      expect((await send({ path: PATH, headers })).status).toBe(404)
    const elsewhere: readonly Readonly<Record<string, string>>[] = [
      { cookie: `x-api-key=${key}` },
      { authorization: key },
      { authorization: `Basic ${Buffer.from(`ann:${key}`).toString('base64')}` },
      { 'proxy-authorization': `Bearer ${key}` },
      { 'x-auth-token': key },
    ]
    for (const headers of elsewhere)
      expect([headers, (await send({ path: PATH, headers })).status]).toEqual([headers, 401])
    for (const query of [`?x-api-key=${key}`, `?access_token=${key}`, `?api_key=${key}`])
      expect((await send({ path: PATH + query })).status).toBe(401)
  })

  it('that is unknown, revoked or malformed is refused by the same words', async () => {
    const revoked = await wall().keyOf('rea', [])
    await wall().pool.query("update ebb.api_key set revoked_at = now() where subject = 'rea'")
    const answers = []
    for (const key of [makeToken(), revoked, `${makeToken().slice(0, -1)}-`, '', 'x'.repeat(2_000), "' or 1=1 --"]) {
      const answer = await callers.stranger.get(PATH, { 'x-api-key': key })
      const { status, error, message } = answer.json<Record<'status' | 'error' | 'message', unknown>>()
      answers.push(JSON.stringify([status, error, message, answer.headers['www-authenticate']]))
    }
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toContain('"unauthenticated"')
  })

  it('is not passed on to the function, nor written to the log', async () => {
    const key = await wall().keyOf('kay', ['users:read'])
    await callers.stranger.get(PATH, { 'x-api-key': key })
    await callers.stranger.get(PATH, { authorization: `Bearer ${key}` })
    expect(JSON.stringify(wall().received)).not.toContain(key)
    expect(wall().lines.join()).not.toContain(key)
    expect(wall().received.at(-1)?.rawHeaders.join().toLowerCase()).toContain('ebb-identity')
  })

  it('that differs from another one in the same request is a mistake, and neither is used', async () => {
    const [one, other] = [await wall().keyOf('one', []), await wall().keyOf('two', [])]
    const answer = await callers.stranger.get(PATH, { 'x-api-key': one, authorization: `Bearer ${other}` })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'bad_request'])
  })

  it('is stored as a hash: the database has no key that could be used', async () => {
    const key = await wall().keyOf('dan', [])
    const { rows } = await wall().pool.query('select * from ebb.api_key')
    const secret = key.replace('ebb_live_', '').slice(8, 24)
    expect(JSON.stringify(rows)).not.toContain(secret)
  })
})

it('who calls is what the gateway signs: a function refuses everybody else', async () => {
  const { rawHeaders } = wall().received.at(-1) ?? { rawHeaders: [] }
  const at = rawHeaders.findIndex((text) => text.toLowerCase() === 'ebb-identity')
  const identity = rawHeaders[at + 1] ?? ''
  // One for get-user is none for another function, and a changed one is none at all.
  const { functionsUrl } = wall()
  const statusOf = async (name: string, headers: Readonly<Record<string, string>>) =>
    (await fetch(`${functionsUrl}/${name}${name === 'get-user' ? PATH : PATH.replace('users', 'orders')}`, { headers }))
      .status
  expect(await statusOf('get-user', { 'ebb-identity': identity })).toBe(404)
  expect(await statusOf('get-user', {})).toBe(401)
  expect(await statusOf('get-order', { 'ebb-identity': identity })).toBe(401)
  expect(await statusOf('get-user', { 'ebb-identity': `${identity.slice(0, -4)}AAAA` })).toBe(401)
})
