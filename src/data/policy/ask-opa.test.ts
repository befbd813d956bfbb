import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { findProgram } from '../../../test/support/find-program.ts'
import { describeWhere } from '../../../test/support/requirements.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { findFreePort } from '../../dev/ports.ts'
import { createLog, parseConfig } from '../../kernel/index.ts'
import { askOpa } from './ask-opa.ts'
import { policy } from './policy.ts'

const REQUEST = { correlationId: 'c-1', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
const ask = (
  url: string,
  { sub = 'ada', roles = [] as string[], signal = new AbortController().signal, timeoutMs = 60_000 } = {},
) =>
  askOpa(
    { url, timeoutMs },
    { caller: { sub, roles }, action: 'refund', type: 'order', attributes: { owner: 'ada', cents: 500 } },
    { ...REQUEST, signal },
  )

const RULES = `package shop
default decision := {"allow": false, "reason": "no rule"}
decision := {"allow": true, "reason": "owner"} if {
  input.action == "refund"
  input.type == "order"
  input.object.owner == input.caller.sub
} else := {"allow": true, "reason": "clerk"} if {
  "clerk" in input.caller.roles
  input.object.cents < 1000
}
short if input.caller.sub == "ada"
wrong := "yes"
`

describeWhere(findProgram('opa') ? undefined : 'there is no opa on the PATH')('an Open Policy Agent', () => {
  let folder: string
  let url: string
  let stop = async () => {}
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ebb-opa-'))
    writeFileSync(join(folder, 'shop.rego'), RULES)
    const port = await findFreePort()
    const args = ['run', '--server', '--addr', `127.0.0.1:${port}`, '--disable-telemetry', folder]
    const opa = spawn('opa', args, { stdio: 'ignore' })
    const ended = new Promise((resolve) => opa.once('close', resolve))
    stop = async () => {
      opa.kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    }
    const isUp = async () => (await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined))?.ok === true
    await untilTrue(isUp)
    url = `http://127.0.0.1:${port}/v1/data/shop`
  })
  afterAll(() => stop())

  it.each([
    ['the owner', 'decision', {}, { allowed: true, reason: 'owner' }],
    ['a clerk', 'decision', { sub: 'cleo', roles: ['clerk'] }, { allowed: true, reason: 'clerk' }],
    ['somebody else', 'decision', { sub: 'eve' }, { allowed: false, reason: 'no rule' }],
    ['a document that is true', 'short', {}, { allowed: true, reason: 'OPA' }],
    ['one that is undefined', 'short', { sub: 'eve' }, { allowed: false, reason: 'the document of OPA is undefined' }],
    ['one that there is not', 'other', {}, { allowed: false, reason: 'the document of OPA is undefined' }],
  ])('decides about %s', async (_what, document, asked, decision) => {
    expect(await ask(`${url}/${document}`, asked)).toEqual(decision)
  })

  it('503 where its document is no decision', async () => {
    await expect(ask(`${url}/wrong`)).rejects.toMatchObject({ status: 503, code: 'unavailable' })
  })
})

describe('503 with Retry-After, and never a decision', () => {
  const server = createServer((request, response) => {
    if (request.url === '/error') response.writeHead(500).end('{"result":true}')
    if (request.url === '/moved') response.writeHead(307, { location: '/allow' }).end()
    if (request.url === '/text') response.end('true')
    if (request.url === '/allow') response.end('{"result":true}')
  })
  let url: string
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // A server that listens on a port has an address.
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it.each([
    ['it answers with an error', '/error'],
    ['it answers with a redirect', '/moved'],
    ['it answers with something else than a decision', '/text'],
  ])('where %s', async (_what, path) => {
    await expect(ask(`${url}${path}`)).rejects.toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  })

  it('where it does not answer in time', async () => {
    await expect(ask(`${url}/silent`, { timeoutMs: 1 })).rejects.toMatchObject({ status: 503, code: 'unavailable' })
  })

  it('where nothing listens', async () => {
    await expect(ask('http://127.0.0.1:1')).rejects.toMatchObject({ status: 503, code: 'unavailable' })
  })

  it("and the request's own end where that comes first", async () => {
    const ended = AbortSignal.abort(new Error('the deadline'))
    await expect(ask(`${url}/silent`, { signal: ended })).rejects.toThrow('the deadline')
  })

  it('though a decision where there is one', async () => {
    expect(await ask(`${url}/allow`)).toEqual({ allowed: true, reason: 'OPA' })
  })
})

describe('with EBB_OPA_URL', () => {
  const config = parseConfig({ EBB_OPA_URL: 'http://opa.policies.svc:8181/v1/data/shop/decision' })
  const open = (egress?: readonly string[]) =>
    policy.open(config, createLog({ level: 'silent' }), { name: 'refund-order', ...(egress ? { egress } : {}) })

  it('a function whose contract does not let it reach the agent does not start', () => {
    const sentence =
      "EBB_OPA_URL: refund-order asks opa.policies.svc:8181; add 'opa.policies.svc:8181' to `egress` in its contract"
    expect(() => open()).toThrow(sentence)
    expect(() => open(['api.example.com:443'])).toThrow(sentence)
  })

  it('what is of another tenant is refused without asking', async () => {
    const question = {
      ...{ caller: { sub: 'ada', tenant: 'acme' }, action: 'refund', type: 'order', attributes: { tenant: 'evil' } },
    }
    const signal = new AbortController().signal
    const decided = policy.decide(open(['opa.policies.svc:8181']), question, { ...REQUEST, signal })
    expect(await decided).toEqual({ allowed: false, reason: 'it is of another tenant' })
  })
})
