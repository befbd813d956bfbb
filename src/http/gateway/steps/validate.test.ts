import { expect, it } from '@jest/globals'
import { JSON_AT_LIMIT } from '../../../../test/support/json-at-limit.ts'
import { sendRaw, testGateway } from '../test-support.ts'

const json = { 'content-type': 'application/json' }
const detailsOf = async (answer: Response) => [answer.status, ((await answer.json()) as { details: unknown }).details]

it('400 every issue and its path', async () => {
  const { url, invoked, shortCircuits } = await testGateway()
  const answer = await fetch(`${url}/v1/things`, {
    ...{ method: 'POST', body: '{"n":"x","__more":1}', headers: { ...json, 'x-api-key': 'full' } },
  })
  const [status, details] = await detailsOf(answer)
  expect(status).toBe(400)
  expect((details as { path: string }[]).map(({ path }) => path).sort()).toEqual([
    ...['body.__more', 'body.n', 'body.name', 'headers.idempotency-key'],
  ])
  expect([invoked, shortCircuits]).toEqual([[], ['invalid_request']])
})

it.each([
  ['malformed', '{"text":'],
  ['a name twice', '{"text":"a","text":"b"}'],
  ['__proto__', '{"text":"a","__proto__":{}}'],
  ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
])('400 JSON: %s', async (_name, body) => {
  const { url, invoked } = await testGateway()
  const answer = await fetch(`${url}/v1/notes/1`, { method: 'PUT', body, headers: json })
  expect(await detailsOf(answer)).toEqual([400, [expect.objectContaining({ path: expect.stringMatching(/^body/) })]])
  expect(invoked).toEqual([])
})

it.each([
  ['half a pair', '{"text":"A\\udc00B"}', 'body.text'],
  ['the halves of a pair the wrong way round', '{"text":"\\uDE00\\uD83D"}', 'body.text'],
  ['half a pair in a name', '{"a\\ud800":1}', 'body.a\ufffd'],
  ['half a pair in depth', '{"more":[1,{"x":"\\uD800"}]}', 'body.more.1.x'],
  ['U+0000', '{"text":"a\\u0000"}', 'body.text'],
])('400 text that cannot be stored unchanged: %s', async (_name, body, path) => {
  const { url, invoked } = await testGateway()
  const answer = await fetch(`${url}/v1/notes/1`, { method: 'PUT', body, headers: json })
  expect(await detailsOf(answer)).toEqual([400, [expect.objectContaining({ path })]])
  expect(invoked).toEqual([])
})

it.each(JSON_AT_LIMIT)('400 more $what than any body may have', async ({ most, over, message }) => {
  const { url, invoked } = await testGateway()
  const put = (body: unknown) =>
    fetch(`${url}/v1/notes/1`, { method: 'PUT', body: JSON.stringify(body), headers: json }).then(detailsOf)
  expect(await put(over)).toEqual([400, [{ path: 'body', message }]])
  // Its contract has another opinion of what it is.
  expect(await put({ ...most, text: undefined })).toEqual([
    400,
    expect.arrayContaining([{ path: 'body.more', message: 'Unknown key' }]),
  ])
  expect(invoked).toEqual([])
})

it('accepts a surrogate pair that is written as two escapes', async () => {
  const { url, invoked } = await testGateway()
  const body = '{"text":"\\ud83d\\ude00 \\u00e9"}'
  expect((await fetch(`${url}/v1/notes/1`, { method: 'PUT', body, headers: json })).status).toBe(200)
  expect(invoked).toHaveLength(1)
})

it('400 no body where one is needed', async () => {
  const { url } = await testGateway()
  const answer = await fetch(`${url}/v1/notes/1`, { method: 'PUT' })
  expect(await detailsOf(answer)).toEqual([400, [{ path: 'body', message: 'Missing' }]])
})

it.each([
  ['limit=x', ['query.limit']],
  ['limit=1&limit=2', ['query.limit']],
  ['limit=9007199254740993', ['query.limit']],
  ['limit=1.00000000000000000001', ['query.limit']],
  ['more=1', ['query.more']],
  ['__proto__=1', ['query.__proto__']],
  ['constructor=1', ['query.constructor']],
])('400 query %s', async (query, paths) => {
  const { url, invoked } = await testGateway()
  const [status, details] = await detailsOf(await fetch(`${url}/v1/things/1?${query}`))
  expect([status, (details as { path: string }[]).map(({ path }) => path)]).toEqual([400, paths])
  expect(invoked).toEqual([])
})

it('200 lists, numbers and escapes, and the target is forwarded unchanged', async () => {
  const { url, invoked } = await testGateway()
  const target = '/v1/things/a%20b?limit=7&tags=x&tags=%C3%A9'
  expect((await fetch(url + target)).status).toBe(200)
  expect(invoked).toEqual([`GET ${target}`])
})

it('400 a declared header given twice', async () => {
  const { port, invoked } = await testGateway()
  const answer = await sendRaw(port, 'GET /v1/things/1 HTTP/1.1\r\nHost: h\r\nX-Tone: a\r\nX-Tone: b\r\n\r\n')
  expect(JSON.parse(answer.body).details).toEqual([{ path: 'headers.x-tone', message: 'Given more than once' }])
  expect([answer.status, invoked]).toEqual([400, []])
})

it.each([
  ['', 'Must be 1 to 255 visible ASCII characters'],
  ['a b', 'Must be 1 to 255 visible ASCII characters'],
  ['a'.repeat(256), 'Must be 1 to 255 visible ASCII characters'],
])('400 the Idempotency-Key %j', async (key, message) => {
  const { url } = await testGateway()
  const headers = { ...json, 'x-api-key': 'full', 'idempotency-key': key }
  const answer = await fetch(`${url}/v1/things`, { method: 'POST', body: '{"name":"a"}', headers })
  expect(await detailsOf(answer)).toEqual([400, [{ path: 'headers.idempotency-key', message }]])
})
