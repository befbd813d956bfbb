import { describe, expect, it } from '@jest/globals'
import { endpoint, event, mergePatch, subscriber } from 'ebb/contract'
import * as z from 'zod'
import { contractSet, describeDeployment, describeEndpoint } from './index.ts'

const Order = z.object({ id: z.string(), sku: z.string() })
const good = {
  name: 'place-order',
  summary: 'Take an order.',
  method: 'POST',
  path: '/v1/orders',
  body: Order.omit({ id: true }),
  reply: { status: 201, body: Order },
  access: { scopes: ['orders:write'] },
} as const
const orderPlaced = event({ type: 'order.placed', data: Order })

const SOCKET = { method: 'GET', body: undefined, reply: { status: 101 }, upgrade: true }

/** Builds what the types refuse, as plain JavaScript could. */
const build = (parts: object) => endpoint({ ...good, ...parts } as never)

describe('endpoint() refuses at load, in one sentence with file and remedy', () => {
  it.each<[string, object, RegExp]>([
    ['a name that is no DNS label', { name: 'Place_Order' }, /name "Place_Order"/],
    ['a misspelt part', { failurs: {} }, /unknown property `failurs`/],
    ['no summary', { summary: '' }, /summary/],
    ['an unknown method', { method: 'TRACE' }, /method must be one of/],
    ['a path with a trailing slash', { path: '/v1/orders/' }, /trailing slash/],
    ['a path with a parameter twice', { path: '/v1/{a}/{a}', params: z.object({ a: z.string() }) }, /parameter twice/],
    ['a reserved path', { path: '/_/health' }, /platform's own/],
    ["the path of a function's metrics", { path: '/metrics' }, /platform's own/],
    ['the path of the tools', { path: '/mcp' }, /platform's own/],
    ['a tool that is not true', { tool: 'yes' }, /`tool` is true, or says more in an object/],
    ['a misspelt part of a tool', { tool: { name: 'order' } }, /unknown property `name`/],
    ['a title that is no text', { tool: { title: '' } }, /`tool.title` must be a text/],
    ['a tool that is destructive', { tool: { destructive: true } }, /`tool.destructive` can only be false/],
    [
      'a tool that only reads, and says that it destroys nothing',
      { reads: true, tool: { destructive: false } },
      /what only reads destroys nothing; drop `tool.destructive`/,
    ],
    [
      'a tool whose callers an authorizer judges',
      { access: { authorizer: 'check-partner' }, tool: true },
      /drop `tool` or `access.authorizer`/,
    ],
    ['a tool that takes only proofs', { access: { dpop: true }, tool: true }, /drop `tool` or `access.dpop`/],
    ['a reserved path below', { path: '/v1/invocations/x' }, /platform's own/],
    ['a parameter without a schema', { path: '/v1/orders/{id}' }, /\{id\}, which `params` does not declare/],
    ['a schema without a parameter', { params: z.object({ id: z.string() }) }, /which the path does not have/],
    ['a body on GET', { method: 'GET' }, /a GET has no body/],
    ['a query that is no object', { query: z.string() }, /`query` must be a z.object/],
    ['a query that strings cannot carry', { query: z.object({ a: z.object({}) }) }, /a string cannot carry/],
    [
      'a union of which a string carries one option',
      { query: z.object({ a: z.union([z.string(), Order]) }) },
      /a is a z.object/,
    ],
    [
      'a null in a query',
      { query: z.object({ a: z.string().nullable() }) },
      /a is a z.nullable, .* write .optional\(\)/,
    ],
    ['a literal null in a query', { query: z.object({ a: z.literal(['a', null]) }) }, /a is a z.null, .*leave it out/],
    ['lists of lists in a query', { query: z.object({ a: z.array(z.array(z.string())) }) }, /a is a z.array/],
    [
      'a transform of anything',
      { body: z.object({ a: z.preprocess(String, z.string()) }) },
      /in body, a begins with a transform, .* put a schema before it/,
    ],
    [
      'a transform of anything in a query',
      { query: z.object({ a: z.preprocess(String, z.string()) }) },
      /in query, a begins with/,
    ],
    [
      'a reply that is transformed into anything',
      { reply: { status: 200, body: z.object({ a: z.string().transform(Number) }) } },
      /in reply.body, a ends with a transform, .* put a schema behind it/,
    ],
    [
      'an event that is transformed into anything',
      { emits: { 'a.b': z.object({ a: z.string().transform(Number) }) } },
      /in emits "a.b", a ends with a transform/,
    ],
    [
      'a literal that JSON cannot carry',
      { body: z.object({ a: z.literal([1, 5n]) }) },
      /in body, a is a z.literal of 5, which JSON cannot carry/,
    ],
    ['a literal of nothing', { body: z.object({ a: z.literal(undefined) }) }, /in body, a is a z.literal of undefined/],
    [
      'a schema of a class',
      { body: z.object({ a: z.instanceof(URL) }) },
      /in body, a is a z.custom, .* with a .refine/,
    ],
    [
      'a location that is a list',
      { reply: { status: 201, body: Order.extend({ id: z.array(z.string()) }), location: '/v1/orders/{id}' } },
      /\{id\}, which in reply.body is not a scalar/,
    ],
    ['a header in capitals', { headers: z.object({ 'X-A': z.string() }) }, /lower case/],
    [
      'a body that JSON cannot carry',
      { body: z.object({ at: z.date() }) },
      /in body, at is a z.date, which JSON cannot carry; write z.iso.datetime\(\)/,
    ],
    [
      'a body that cannot be strict',
      { body: z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })) },
      /in body, its top is a z.intersection, which cannot be strict about unknown keys; write one object, with .extend/,
    ],
    ['a body open to unknown keys', { body: z.looseObject({}) }, /open to unknown keys/],
    ['a deep one', { body: z.object({ a: z.array(z.looseObject({})) }) }, /open to unknown keys/],
    ['a reply status that is none', { reply: { status: 404, body: Order } }, /from 200 to 299/],
    ['a part of a response', { reply: { status: 206, body: Order } }, /a 206 is a part of another response/],
    ['a list of one reply', { reply: [{ status: 201, body: Order }] }, /write a single one without the list/],
    [
      'a status twice',
      {
        reply: [
          { status: 200, body: Order },
          { status: 200, body: Order },
        ],
      },
      /has the status 200 twice/,
    ],
    [
      'a fault in one of several',
      { reply: [{ status: 200, body: Order }, { status: 201 }] },
      /a 201 needs reply 201.body/,
    ],
    ['a misspelt part of a reply', { reply: { status: 200, body: Order, header: {} } }, /unknown property `header`/],
    ['a redirect to anywhere', { reply: { status: 303 } }, /says where it may lead/],
    [
      'a redirect with two bounds',
      { reply: { status: 303, location: '/a', locations: ['https://a.example/*'] } },
      /says where it may lead/,
    ],
    ['a redirect with a body', { reply: { status: 303, location: '/a', body: Order } }, /a 303 leads elsewhere/],
    ['a redirect that is none', { reply: { status: 304, location: '/a' } }, /or one of 301, 302, 303, 307, 308/],
    [
      'bounds of a success',
      { reply: { status: 201, body: Order, locations: ['https://a.example/*'] } },
      /bounds a redirect/,
    ],
    ['bounds that are no list', { reply: { status: 303, locations: [] } }, /must be a list of addresses/],
    [
      'a bound that is a path',
      { reply: { status: 303, locations: ['/a/*'] } },
      /which must be an http or https address/,
    ],
    ['any host', { reply: { status: 303, locations: ['https://*.example.com/*'] } }, /which (must be|may have)/],
    [
      'a bound without a path',
      { reply: { status: 303, locations: ['https://a.example'] } },
      /must be written as https:\/\/a.example\//,
    ],
    [
      'a bound with a query',
      { reply: { status: 303, locations: ['https://a.example/?a=*'] } },
      /leave out user, query and fragment/,
    ],
    ['a scheme that runs', { reply: { status: 303, locations: ['javascript:*'] } }, /must be an http or https address/],
    [
      'a redirect that nobody waits for',
      { async: true, reply: { status: 303, location: '/a' } },
      /could be redirected/,
    ],
    [
      'a reply header in capitals',
      { reply: { ...good.reply, headers: z.object({ 'X-A': z.string() }) } },
      /lower-case/,
    ],
    [
      "a reply header that is the platform's",
      { reply: { ...good.reply, headers: z.object({ 'content-length': z.number() }) } },
      /content-length, which is the platform's own/,
    ],
    ['one of a hop', { reply: { ...good.reply, headers: z.object({ 'keep-alive': z.string() }) } }, /platform's own/],
    ['one that is a cookie', { reply: { ...good.reply, headers: z.object({ 'set-cookie': z.string() }) } }, /own/],
    [
      'a reply header that no text carries',
      { reply: { ...good.reply, headers: z.object({ 'x-a': z.object({}) }) } },
      /in reply.headers, x-a is a z.object/,
    ],
    [
      'a reply header of two types',
      { reply: { ...good.reply, headers: z.object({ 'x-a': z.union([z.string(), z.number()]) }) } },
      /x-a may be of several types/,
    ],
    [
      'a cookie with a name that is none',
      { reply: { ...good.reply, cookies: { 'a b': { value: z.string() } } } },
      /reply.cookies has "a b"/,
    ],
    [
      'a cookie that is a list',
      { reply: { ...good.reply, cookies: { a: { value: z.array(z.string()) } } } },
      /a.value is not a scalar/,
    ],
    [
      'a cookie that browsers drop',
      { reply: { ...good.reply, cookies: { a: { value: z.string(), sameSite: 'none', secure: false } } } },
      /browsers drop a cookie with sameSite 'none'/,
    ],
    [
      'a prefix that is no promise',
      { reply: { ...good.reply, cookies: { '__Secure-a': { value: z.string(), secure: false } } } },
      /promises a secure cookie/,
    ],
    [
      'a host prefix with a path',
      { reply: { ...good.reply, cookies: { '__Host-a': { value: z.string(), path: '/v1' } } } },
      /promises no domain and the path/,
    ],
    [
      'a path that adds an attribute',
      { reply: { ...good.reply, cookies: { a: { value: z.string(), path: '/; Domain=evil.example' } } } },
      /path must begin with/,
    ],
    [
      'a cookie for longer than browsers keep one',
      { reply: { ...good.reply, cookies: { a: { value: z.string(), maxAgeSeconds: 1e9 } } } },
      /maxAgeSeconds must be whole/,
    ],
    [
      'a cookie without a value',
      { reply: { ...good.reply, cookies: { a: { maxAgeSeconds: 1 } } } },
      /must be a zod schema/,
    ],
    [
      'cookies for nobody',
      { async: true, reply: { ...good.reply, cookies: { a: { value: z.string() } } } },
      /sets cookies/,
    ],
    ['a request cookie that is a list', { cookies: z.object({ a: z.array(z.string()) }) }, /a cookie has one value/],
    [
      'request cookies of an asynchronous call',
      { async: true, cookies: z.object({ a: z.string() }) },
      /has no cookies/,
    ],
    [
      'a cookie that is cached',
      { method: 'GET', body: undefined, cache: { maxAgeSeconds: 1 }, cookies: z.object({ a: z.string() }) },
      /not kept for others/,
    ],
    [
      'a reply with cookies that is cached',
      {
        ...{ method: 'GET', body: undefined, cache: { maxAgeSeconds: 1 } },
        reply: { status: 200, body: Order, cookies: { a: { value: z.string() } } },
      },
      /is for one browser and is not kept/,
    ],
    ['cookies of an agent', { tool: true, cookies: z.object({ a: z.string() }) }, /an agent has no cookies/],
    ['a condition that an agent cannot send', { tool: true, conditional: true }, /an agent sends no If-Match/],
    [
      'a stream among several replies',
      {
        ...{ method: 'GET', body: undefined },
        reply: [{ status: 200, stream: { type: 'text/csv' } }, { status: 204 }],
      },
      /is all of a reply/,
    ],
    [
      'the version of a stream',
      { method: 'GET', body: undefined, conditional: true, reply: { status: 200, stream: { type: 'text/csv' } } },
      /has begun before its version is known/,
    ],
    ['a condition that is none', { conditional: false }, /can be true or 'optional'/],
    ['an optional condition of a GET', { method: 'GET', body: undefined, conditional: 'optional' }, /always optional/],
    [
      'a condition that is a header, too',
      { conditional: true, headers: z.object({ 'if-match': z.string() }) },
      /itself/,
    ],
    ['a condition of a search', { reads: true, conditional: true }, /is the version of nothing/],
    ['a condition for later', { async: true, conditional: true }, /much later/],
    [
      'a merge patch that cannot say null',
      { body: mergePatch(z.object({ note: z.string().nullable() })) },
      /note may be null, and in a merge patch null deletes/,
    ],
    ['an example of no reply', { examples: { a: { status: 200, reply: {} } } }, /has the status 200, but no reply/],
    ['a 204 with a body', { reply: { status: 204, body: Order } }, /a 204 has no body/],
    ['a 200 without a body', { reply: { status: 200 } }, /needs reply.body/],
    [
      'a location that names what is not there',
      { reply: { status: 201, body: Order, location: '/v1/orders/{nr}' } },
      /\{nr\}/,
    ],
    ['a failure in the wrong case', { failures: { outOfStock: 409 } }, /lower_snake/],
    ['a failure that is no failure', { failures: { fine: 200 } }, /from 400 to 599/],
    [
      'a failure of no known part',
      { failures: { gone: { status: 410, date: z.int() } } },
      /allowed: status, description, data/,
    ],
    ['a failure without a status', { failures: { gone: { description: 'Gone.' } } }, /"gone" needs a status from 400/],
    ['a failure that describes nothing', { failures: { gone: { status: 410, description: '' } } }, /empty description/],
    [
      'data of a failure that JSON cannot carry',
      { failures: { gone: { status: 410, data: z.object({ at: z.date() }) } } },
      /in the data of failure "gone", at is a z.date, which JSON cannot carry; write z.iso.datetime/,
    ],
    ["a failure that is the gateway's", { failures: { rate_limited: 429 } }, /platform's own code/],
    ["a failure that is the platform's", { failures: { forbidden: 403 } }, /platform's own code/],
    ['policy for nobody', { access: { anonymous: true, policy: true } }, /keep one of `anonymous` and `policy`/],
    ['policy and owner', { access: { owner: true, policy: true } }, /let the policy say what an owner may/],
    ['a misspelt part of access', { access: { ownr: true } }, /unknown property `ownr`; allowed: scopes, owner/],
    ['no access', { access: undefined }, /say in `access`/],
    ['a scope that is none', { access: { scopes: ['Orders'] } }, /orders:write/],
    ['anonymous with scopes', { access: { anonymous: true, scopes: ['a:b'] } }, /lets anyone in/],
    ['anonymous with dpop', { access: { anonymous: true, dpop: true } }, /asks for a token, and `anonymous` for none/],
    ['a tenancy that is none', { tenancy: 'acme' }, /can only be true/],
    ['anonymous with tenancy', { access: { anonymous: true }, tenancy: true }, /have no tenant/],
    ['anonymous with idempotent', { access: { anonymous: true }, idempotent: true }, /would collide/],
    [
      'one thing among many without a word on who may see it',
      { path: '/v1/orders/{id}', params: z.object({ id: z.string() }), access: {} },
      /one thing among many/,
    ],
    ['reads on a PUT', { method: 'PUT', reads: true }, /is for a POST/],
    ['emits on what only reads', { reads: true, emits: { 'order.placed': Order } }, /cannot emit/],
    ['idempotent on what only reads', { reads: true, idempotent: true }, /may be repeated anyway/],
    ['replica: true', { method: 'GET', body: undefined, replica: true }, /can only be false/],
    ['replica on what writes', { replica: false }, /goes to the database itself/],
    [
      'replica beside a cache',
      { method: 'GET', body: undefined, cache: { maxAgeSeconds: 1 }, replica: false },
      /drop `replica`/,
    ],
    ['async on what only reads', { reads: true, async: true }, /what only reads is there for its response/],
    [
      'async for anonymous callers',
      { access: { anonymous: true }, async: true },
      /no caller who may ask for its outcome/,
    ],
    ['an event type that is none', { emits: { OrderPlaced: Order } }, /lower case and dotted/],
    ['an event under another type', { emits: { 'order.lost': orderPlaced } }, /holds the event "order.placed"/],
    ['a timeout of nothing', { timeoutMs: 0 }, /timeoutMs must be/],
    ['a scale of nothing', { scale: { max: 0 } }, /at least 1/],
    ['a secret in lower case', { secrets: ['stripe'] }, /UPPER_SNAKE/],
    [
      'an example that breaks its schema',
      { examples: { a: { body: { sku: 7 } } } },
      /example "a" breaks its own schema/,
    ],
    ['a misspelt part of an example', { examples: { a: { response: {} } } }, /unknown property `response`/],
    ['a 101 without upgrade', { ...SOCKET, upgrade: undefined }, /a 101 is the reply of an endpoint with `upgrade`/],
    ['upgrade of a POST', { upgrade: true, reply: { status: 101 } }, /a WebSocket is opened by a GET/],
    ['upgrade with another status', { method: 'GET', body: undefined, upgrade: true }, /replies `\{ status: 101 \}`/],
    ['upgrade with a timeout', { ...SOCKET, timeoutMs: 5 }, /is `upgrade.maxSeconds`; take `timeoutMs` out/],
    ['upgrade with a cache', { ...SOCKET, cache: { maxAgeSeconds: 1 } }, /drop `cache`/],
    ['an upgrade that is none', { ...SOCKET, upgrade: 'websocket' }, /`upgrade` is true or an object/],
    ['a misspelt part of upgrade', { ...SOCKET, upgrade: { recieve: Order } }, /unknown property `recieve`/],
    ['a message that is no schema', { ...SOCKET, upgrade: { send: {} } }, /`upgrade.send` must be a zod schema/],
    [
      'an open message',
      { ...SOCKET, upgrade: { receive: z.looseObject({}) } },
      /in upgrade.receive, .*open to unknown keys/,
    ],
    ['a subprotocol with a space', { ...SOCKET, upgrade: { subprotocols: ['a b'] } }, /must be a token/],
    ['a day', { ...SOCKET, upgrade: { maxSeconds: 86_400 } }, /upgrade.maxSeconds must be 1 to 600/],
    ['no idle time', { ...SOCKET, upgrade: { idleSeconds: 1 } }, /upgrade.idleSeconds must be 2 to 600/],
    ['too long messages', { ...SOCKET, upgrade: { maxMessageBytes: 2 ** 21 } }, /upgrade.maxMessageBytes must be 1 to/],
    ['a priority that is none', { priority: 'urgent' }, /`priority` is 'low' or 'high'/],
    ['a limit of nothing', { limit: { requests: 0, perSeconds: 1 } }, /limit.requests must be whole and at least 1/],
    ['a limit in halves', { limit: { requests: 1, perSeconds: 0.5 } }, /limit.perSeconds must be whole/],
    ['a limit without its time', { limit: { requests: 1 } }, /limit.perSeconds must be whole/],
    ['a misspelt part of a limit', { limit: { requests: 1, perSeconds: 1, bust: 2 } }, /unknown property `bust`/],
    ['a burst below the rate', { limit: { requests: 5, perSeconds: 1, burst: 4 } }, /never less than limit.requests/],
    ['a limit that is none', { limit: { requests: 10_001, perSeconds: 1 } }, /10000 requests a second at most/],
    ['a limit that is a quota', { limit: { requests: 1, perSeconds: 86_400, burst: 2 } }, /a quota, not a rate/],
    ['a part that does not exist yet', { caching: { maxAgeSeconds: 1 } }, /unknown property `caching`/],
    ['a warm window by no clock', { scale: { warm: [{ from: '8:00', to: '18:00' }] } }, /both must be HH:MM/],
    ['a warm window that ends as it begins', { scale: { warm: [{ from: '08:00', to: '08:00' }] } }, /is empty/],
    ['a warm window on no day', { scale: { warm: [{ from: '08:00', to: '09:00', days: [] }] } }, /has no days/],
    [
      'a warm window on a day of its own',
      { scale: { warm: [{ from: '08:00', to: '09:00', days: ['monday'] }] } },
      /"monday" is not a day; they are mon, tue/,
    ],
    [
      'a warm window nowhere',
      { scale: { warm: [{ from: '08:00', to: '09:00', timeZone: 'Europe/Bärlin' }] } },
      /"Europe\/Bärlin" is not a time zone/,
    ],
    [
      'a misspelt part of a warm window',
      { scale: { warm: [{ from: '08:00', to: '09:00', day: ['mon'] }] } },
      /unknown property `day`/,
    ],
    ['a misspelt part of scale', { scale: { maximum: 1 } }, /unknown property `maximum`/],
    ['half an instance', { scale: { min: 0.5 } }, /scale.min must be whole and at least 0/],
    ['less than none', { scale: { min: -1 } }, /scale.min must be whole/],
    ['a minimum above the maximum', { scale: { min: 3, max: 2 } }, /scale.min 3 is more than scale.max, 2/],
    ['a minimum above the default maximum', { scale: { min: 11 } }, /scale.min 11 is more than scale.max, 10/],
    [
      'a target that is never reached',
      { scale: { concurrency: 5, target: 6 } },
      /scale.target must be whole, and 1 to/,
    ],
    ['a target of nothing', { scale: { target: 0 } }, /scale.target must be/],
    ['a misspelt part of resources', { resources: { cpu: '1' } }, /unknown property `cpu`; allowed: requests, limits/],
    ['a misspelt resource', { resources: { requests: { disk: '1Gi' } } }, /unknown property `disk`/],
    ['a limit for CPU', { resources: { limits: { cpu: '1' } } }, /limits has no cpu: it would throttle cold starts/],
    ['CPU that is no quantity', { resources: { requests: { cpu: '1.5m' } } }, /requests.cpu "1.5m" must be like 250m/],
    ['no CPU at all', { resources: { requests: { cpu: '0' } } }, /requests.cpu "0" must be/],
    ['memory that is no quantity', { resources: { limits: { memory: '1 GB' } } }, /limits.memory "1 GB" must be like/],
    ['memory in lower case', { resources: { requests: { memory: '64mi' } } }, /requests.memory "64mi" must be like/],
    [
      'a limit below what is asked for',
      { resources: { requests: { memory: '256Mi' } } },
      /limits.memory 192Mi is less than resources.requests.memory 256Mi/,
    ],
    ['a secret twice', { secrets: ['A_KEY', 'A_KEY'] }, /secret "A_KEY" is listed twice/],
    ['egress without a port', { egress: ['example.com'] }, /egress "example.com" must be host:port/],
    ['egress with an address of the web', { egress: ['https://example.com:443'] }, /must be host:port/],
    ['egress to every host of a domain', { egress: ['*.example.com:443'] }, /must be host:port/],
    ['egress to a port that is none', { egress: ['example.com:65536'] }, /must be host:port/],
    ['egress to an address that is none', { egress: ['10.0.0.256:443'] }, /must be host:port/],
    ['egress to a network', { egress: ['10.0.0:443'] }, /must be host:port/],
    ['egress twice', { egress: ['a.example:443', 'a.example:443'] }, /egress "a.example:443" is listed twice/],
    ['an unknown target', { targets: { nomad: true } }, /unknown property `nomad`; allowed: openfaas/],
    ['a target that is neither', { targets: { openfaas: 'no' } }, /targets.openfaas must be true or false/],
    ['a body that is no schema', { body: { type: 'image/png' } }, /`body` must be a zod schema/],
    [
      'a misspelt part of a reply',
      { reply: { status: 200, streams: { type: 'text/plain' } } },
      /unknown property `streams`; allowed: status, body, location, locations/,
    ],
  ])('%s', (_, parts, sentence) => {
    expect(() => build(parts)).toThrow(sentence)
    expect(() => build(parts)).toThrow(/^functions\/(place-order|\?)\/contract\.ts: /)
  })

  it('and so do its types', () => {
    // @ts-expect-error there is no such part
    expect(() => endpoint({ ...good, caching: { maxAgeSeconds: 1 } })).toThrow()
    // @ts-expect-error a body is a schema
    expect(() => endpoint({ ...good, body: { type: 'image/png', maxBytes: 1 } })).toThrow()
    // @ts-expect-error a reply has a status
    expect(() => endpoint({ ...good, reply: { stream: { type: 'text/plain' } } })).toThrow()
  })

  it('and takes a good one, frozen', () => {
    const contract = endpoint(good)
    expect(contract).toMatchObject({ kind: 'endpoint', name: 'place-order' })
    expect(Object.isFrozen(contract)).toBe(true)
  })

  it('and describes how it runs, with defaults for what it does not say', () => {
    const usual = {
      ...{ kind: 'endpoint', name: 'place-order', timeoutMs: 10_000, secrets: [], egress: [], calls: [] },
      openfaas: true,
      scale: { min: 0, max: 10, concurrency: 50 },
      resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '192Mi' } },
    }
    const deploymentOf = (parts: object) => describeDeployment(build(parts) as never)
    expect(deploymentOf({})).toEqual(usual)
    const given = {
      scale: { min: 1, max: 2, concurrency: 10, target: 5 },
      resources: { requests: { cpu: '0.5', memory: '1Gi' }, limits: { memory: '1.5Gi' } },
      ...{ timeoutMs: 1, secrets: ['A_KEY'], egress: ['api.example.com:443', '192.0.2.1:25'] },
    }
    expect(deploymentOf({ ...given, targets: { openfaas: false } })).toEqual({ ...usual, ...given, openfaas: false })
    expect(deploymentOf({ resources: { limits: { memory: '256M' } } }).resources).toEqual({
      ...usual.resources,
      limits: { memory: '256M' },
    })
  })

  it.each<[string, object]>([
    ['a text that becomes a boolean', { query: z.object({ on: z.stringbool() }) }],
    [
      'a text that becomes a Date',
      {
        body: z.object({
          at: z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: String }),
        }),
      },
    ],
    [
      'a Date that becomes a text',
      { reply: { status: 200, body: z.object({ at: z.date().transform(String).pipe(z.string()) }) } },
    ],
    ['a text that becomes a number', { query: z.object({ n: z.string().transform(Number).pipe(z.number()) }) }],
    ['a list of texts that become numbers', { query: z.object({ n: z.array(z.string().transform(Number)) }) }],
    ['what is made of anything', { reply: { status: 200, body: z.object({ a: z.preprocess(String, z.string()) }) } }],
  ])('and takes a pipe by what callers see of it: %s', (_, parts) => {
    expect(build(parts)).toMatchObject({ kind: 'endpoint' })
  })

  it('and a WebSocket, whose lifetime is its timeout', () => {
    const limits = { maxSeconds: 300, idleSeconds: 60, maxMessageBytes: 65_536 }
    expect(describeEndpoint(build(SOCKET) as never)).toMatchObject({ upgrade: limits, timeoutMs: 300_000 })
    const short = build({ ...SOCKET, upgrade: { maxSeconds: 20, receive: Order } })
    expect(describeEndpoint(short as never)).toMatchObject({
      upgrade: { ...limits, maxSeconds: 20 },
      timeoutMs: 20_000,
    })
    expect(describeDeployment(short as never).timeoutMs).toBe(20_000)
  })

  it('and a limit, whose burst is its requests by default', () => {
    const limitOf = (limit: object) => describeEndpoint(build({ limit }) as never).limit
    expect(limitOf({ requests: 5, perSeconds: 2 })).toEqual({ requests: 5, perSeconds: 2, burst: 5 })
    expect(limitOf({ requests: 5, perSeconds: 86_400 })).toEqual({ requests: 5, perSeconds: 86_400, burst: 5 })
    expect(limitOf({ requests: 5, perSeconds: 2, burst: 9 })).toEqual({ requests: 5, perSeconds: 2, burst: 9 })
  })
})

describe('subscriber() and event() refuse in the same way', () => {
  const on = orderPlaced
  it.each<[string, object, RegExp]>([
    ['no event', { on: undefined }, /must be an event\(\)/],
    ['a misspelt part', { retries: {} }, /unknown property `retries`/],
    ['a misspelt part of retry', { retry: { tries: 1 } }, /unknown property `tries`/],
    ['no attempt', { retry: { attempts: 0 } }, /attempts must be 1 to 100/],
    ['delays upside down', { retry: { minDelayMs: 10, maxDelayMs: 5 } }, /no more than maxDelayMs/],
    ['a batch of one', { batch: { size: 1 } }, /batch\.size must be whole, and 2 to 1000/],
    ['a misspelt part of batch', { batch: { size: 2, within: 1 } }, /unknown property `within`/],
    [
      'a batch that waits for ever',
      { batch: { size: 2, withinMs: 60_001 } },
      /batch\.withinMs must be whole, and 0 to 60000/,
    ],
    ['a batch in which events die of others', { batch: { size: 2 }, retry: { attempts: 1 } }, /must be 2 or more/],
    [
      'a rate that no batch fits into',
      { batch: { size: 10 }, rate: { requests: 5, perSeconds: 1 } },
      /`rate` counts events/,
    ],
    ['no rate', { rate: { requests: 0, perSeconds: 1 } }, /rate\.requests must be whole and at least 1/],
  ])('%s', (_, parts, sentence) => {
    expect(() => subscriber({ name: 'confirm-order', summary: 'Confirm.', on, ...parts } as never)).toThrow(sentence)
  })

  it('an event type that is none', () => {
    expect(() => event({ type: 'OrderPlaced', data: Order })).toThrow(/lower case and dotted/)
  })

  it('event data that JSON cannot carry', () => {
    expect(() => event({ type: 'order.placed', data: z.object({ at: z.date() }) })).toThrow(/z.date/)
  })

  it('event data that change on their way', () => {
    for (const at of [z.string().transform(Number), z.stringbool(), z.preprocess(String, z.string())]) {
      expect(() => event({ type: 'order.placed', data: z.object({ at }) })).toThrow(
        /at is changed on its way, .* in the handler/,
      )
    }
  })
})

describe('contractSet() refuses', () => {
  const contract = endpoint(good)

  it('a contract that is named otherwise than its folder', () => {
    expect(() => contractSet({ 'take-order': contract }, {})).toThrow(
      /functions\/take-order\/contract.ts: its name is "place-order"/,
    )
  })

  it('what is no contract', () => {
    expect(() => contractSet({ 'place-order': {} as never }, {})).toThrow(/default export must be/)
  })

  it('two endpoints that answer the same requests', () => {
    const params = (name: string) => ({ path: `/v1/orders/{${name}}`, params: z.object({ [name]: z.string() }) })
    const [a, b] = [build({ ...params('id'), name: 'a' }), build({ ...params('nr'), name: 'b' })]
    expect(() => contractSet({ a, b } as never, {})).toThrow(/functions\/a already answers POST \/v1\/orders\/\{\}/)
  })
})
