import { createServer } from 'node:http'
import { expect, it } from '@jest/globals'
import { testDatabase } from '../../src/testing/index.ts'
import { gatewaySettings, listenForTest, spawnGateway } from './test-support.ts'

const database = testDatabase()

it('SIGTERM lets the responses under way end, and exits with 0', async () => {
  const came = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const { env } = await gatewaySettings(database.url, async (_request, response) => {
    came.resolve()
    await gate.promise
    response.end('{"done":true}')
  })
  const { child, listening, exited } = spawnGateway(env)
  const { port } = await listening
  const answer = fetch(`http://127.0.0.1:${port}/v1/public`)
  await came.promise
  child.kill('SIGTERM')
  gate.resolve()
  expect(await (await answer).text()).toBe('{"done":true}')
  expect(await exited).toEqual({ code: 0, errors: '' })
})

it('it ends when the parent that holds its stdin does', async () => {
  const { env } = await gatewaySettings(database.url, () => {})
  const { child, listening, exited } = spawnGateway({ ...env, EBB_PARENT: 'stdin' })
  const { port, adminPort } = await listening
  expect([port > 0, adminPort > 0, port !== adminPort]).toEqual([true, true, true])
  child.stdin.end()
  expect(await exited).toEqual({ code: 0, errors: '' })
})

it('a port that is taken is reported in one sentence', async () => {
  const { env } = await gatewaySettings(database.url, () => {})
  const taken = await listenForTest(createServer())
  const asPublic = spawnGateway({ ...env, PORT: String(taken) })
  const sentence = `Port ${taken} is in use; stop what listens there, or set`
  expect(await asPublic.exited).toEqual({ code: 1, errors: `gateway: ${sentence} PORT to another one.\n` })
  const asAdmin = spawnGateway({ ...env, EBB_ADMIN_PORT: String(taken) })
  expect(await asAdmin.exited).toEqual({ code: 1, errors: `gateway: ${sentence} EBB_ADMIN_PORT to another one.\n` })
})

it.each([
  ['DATABASE_URL', '', 'DATABASE_URL: not set, and needed here (or DATABASE_URL_FILE)'],
  ['EBB_UPSTREAM_TEMPLATE', 'ftp://{name}', 'EBB_UPSTREAM_TEMPLATE: must make an http or https URL'],
  ['EBB_IDENTITY_KEY', '{"kty":"OKP"}', 'EBB_IDENTITY_KEY: is not a valid private Ed25519 key (a JWK)'],
  ['EBB_CONTRACTS', '/nowhere/contracts', 'EBB_CONTRACTS: the contracts do not load: ENOENT'],
  ['PORT', 'http', 'PORT: Invalid input'],
])('%s %j ends it with one sentence', async (name, value, sentence) => {
  const { env } = await gatewaySettings(database.url, () => {})
  const { code, errors } = await spawnGateway({ ...env, [name]: value }).exited
  expect(errors).toMatch(new RegExp(`^gateway: ${sentence.replaceAll(/[(){}|]/g, '\\$&')}.*\n$`))
  expect(code).toBe(1)
})
