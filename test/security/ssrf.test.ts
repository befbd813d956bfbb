import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from '@jest/globals'
import { guarded, HttpError } from 'ebb/data'
import { createGuardedConnect } from '../../src/data/http-client/guard/guarded-connect.ts'
import { bindGuarded } from '../../src/data/http-client/guarded.ts'
import { openHttpClient } from '../../src/data/http-client/open-http-client.ts'
import { collectLog, configOf, testBindContext } from '../../src/data/test-support.ts'
import { startDnsServer } from '../support/dns-server.ts'
import { FORBIDDEN, zone } from './ssrf-addresses.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function listen(server: Server, host?: string): Promise<number> {
  server.listen(0, host)
  await once(server, 'listening')
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** Listens on all addresses of this machine, and says how many connections came. */
async function listenForNobody() {
  let connections = 0
  const count = createTcpServer((socket) => {
    connections++
    socket.destroy()
  })
  return { port: await listen(count), connections: () => connections }
}

const serve = (listener: RequestListener) => listen(createServer(listener), '127.0.0.1')

interface GuardedOptions {
  readonly egress?: readonly string[]
  readonly also?: readonly string[]
  readonly zone?: (name: string, time: number) => readonly string[]
}

/** A guarded client whose names are those of a DNS server of the test's own. */
async function openGuarded({ egress = [], also = [], zone: names = zone }: GuardedOptions) {
  const dns = await startDnsServer(names)
  closers.push(dns.close)
  const connect = createGuardedConnect({ egress, also }, dns.lookup)
  const waits = { now: () => performance.now(), random: () => 0, sleep: delay }
  const client = openHttpClient(collectLog().log, { ...waits, connect })
  closers.push(() => client.close())
  return { http: bindGuarded(client, testBindContext()), asked: dns.asked }
}

const errorOf = (call: Promise<unknown>): Promise<HttpError> =>
  call.then(
    () => {
      throw new Error('it was called')
    },
    (error) => error,
  )

const SENTENCE = 'only public http and https addresses that the egress of the contract allows are called (attempts:'

describe('an address that a caller chose', () => {
  it(`is refused before a connection is made: ${FORBIDDEN.length} of them`, async () => {
    expect(FORBIDDEN.length).toBeGreaterThanOrEqual(40)
    const { port, connections } = await listenForNobody()
    const { http } = await openGuarded({ egress: [`*:${port}`, '*:80', '*:443'] })
    const called: unknown[] = []
    for (const [what, url] of FORBIDDEN) {
      const error = await errorOf(http.get(url.replace('{port}', `${port}`)))
      const { name, code, message } = error
      if (code !== 'not_allowed' || !(error instanceof HttpError) || !message.includes(SENTENCE))
        called.push({ what, name, code, message })
    }
    expect(called).toEqual([])
    expect(connections()).toBe(0)
  })

  it.each(['localhost', 'localhost.', 'LocalHost', 'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ'])(
    'is refused where the resolver of this machine says that it is here: %s',
    async (name) => {
      const { port, connections } = await listenForNobody()
      const client = guarded.open(configOf({}), collectLog().log, { name: 'f', egress: [`*:${port}`] })
      closers.push(() => client.close())
      const error = await errorOf(guarded.bind(client, testBindContext()).get(`http://${name}:${port}/`))
      // Not every resolver knows each of these spellings.
      expect(['not_allowed', 'network']).toContain(error.code)
      expect(connections()).toBe(0)
    },
  )

  it('is refused by an error that says nothing of what a name stands for', async () => {
    const { http } = await openGuarded({ egress: ['*:80'] })
    const [one, other] = [
      await errorOf(http.get('http://private.test/a?b=c')),
      await errorOf(http.get('http://public.test:22/')),
    ]
    expect(one.message.replace('private.test/a', 'public.test:22/')).toBe(other.message)
    expect(one).toMatchObject({ code: 'not_allowed', url: 'http://private.test/a' })
    expect(one.message).not.toContain('10.0.0.1')
  })

  it('is no failure of an origin, and is not tried again', async () => {
    const { http, asked } = await openGuarded({ egress: ['*:80'] })
    for (let i = 0; i < 10; i++)
      expect(await errorOf(http.get('http://private.test/'))).toMatchObject({ code: 'not_allowed', attempts: 1 })
    expect(asked.length).toBe(20)
  })

  it('is called where egress names its host, and no other host at that port', async () => {
    const { http } = await openGuarded({ egress: ['loopback.test:80', 'partner.test:443'] })
    expect(await errorOf(http.get('http://public.test/'))).toMatchObject({ code: 'not_allowed' })
    expect(await errorOf(http.get('https://loopback.test/'))).toMatchObject({ code: 'not_allowed' })
    // It names it, and it is not public all the same.
    expect(await errorOf(http.get('http://loopback.test/'))).toMatchObject({ code: 'not_allowed' })
    // Allowed, but there is no such name.
    expect(await errorOf(http.get('https://partner.test/', { retries: 0 }))).toMatchObject({ code: 'not_allowed' })
  })
})

describe('an address that is allowed', () => {
  it('is called by the address that was checked, under its own name', async () => {
    const hosts: unknown[] = []
    const port = await serve(({ headers }, response) => void response.end(String(hosts.push(headers.host))))
    const { http, asked } = await openGuarded({ also: [`127.0.0.1:${port}`] })
    expect((await http.get(`http://loopback.test:${port}/`)).text()).toBe('1')
    expect(hosts).toEqual([`loopback.test:${port}`])
    expect(asked.length).toBe(2)
  })

  it('is asked for by its own name in TLS', async () => {
    const named = Promise.withResolvers<string>()
    const refuse = (name: string, reply: (error: Error) => void) => {
      named.resolve(name)
      reply(new Error('there is no certificate'))
    }
    const port = await listen(createTlsServer({ SNICallback: refuse }), '127.0.0.1')
    const { http } = await openGuarded({ also: [`127.0.0.1:${port}`] })
    const error = await errorOf(http.get(`https://loopback.test:${port}/`, { retries: 0 }))
    expect([error.code, await named.promise]).toEqual(['network', 'loopback.test'])
  })

  it('stays the address that was checked when its name changes (DNS rebinding), and is checked for each connection', async () => {
    const { port: other, connections } = await listenForNobody()
    const port = await serve((_request, response) => void response.setHeader('connection', 'close').end('here'))
    const rebind = (_name: string, time: number) => (time === 0 ? ['127.0.0.1'] : ['::1'])
    const { http } = await openGuarded({
      also: [`127.0.0.1:${port}`],
      egress: [`*:${port}`, `*:${other}`],
      zone: rebind,
    })
    expect((await http.get(`http://rebind.test:${port}/`)).text()).toBe('here')
    expect((await errorOf(http.get(`http://rebind.test:${port}/`))).code).toBe('not_allowed')
    expect((await errorOf(http.get(`http://rebind.test:${other}/`))).code).toBe('not_allowed')
    expect(connections()).toBe(0)
  })

  it.each(['http://127.0.0.1:{port}/', 'http://loopback.test:{port}/', 'http://169.254.169.254/'])(
    'leads no further by a redirect to %s',
    async (template) => {
      const { port: forbidden, connections } = await listenForNobody()
      const location = template.replace('{port}', `${forbidden}`)
      const port = await serve((_request, response) => void response.writeHead(302, { location }).end())
      const { http } = await openGuarded({ also: [`127.0.0.1:${port}`], egress: ['*:80', `*:${forbidden}`] })
      const url = `http://loopback.test:${port}/`
      expect((await http.get(url)).status).toBe(302)
      expect(await errorOf(http.get(url, { redirects: 3 }))).toMatchObject({ code: 'not_allowed' })
      expect(connections()).toBe(0)
    },
  )

  it.each(['file:///etc/passwd', 'http://user:password@loopback.test/', 'gopher://127.0.0.1/'])(
    'is its own answer where it redirects to %s',
    async (location) => {
      const port = await serve((_request, response) => void response.writeHead(302, { location }).end())
      const { http } = await openGuarded({ also: [`127.0.0.1:${port}`] })
      expect((await http.get(`http://loopback.test:${port}/`, { redirects: 3 })).status).toBe(302)
    },
  )

  it('is read up to 1 MiB, and a compressed body is not expanded', async () => {
    const bomb = gzipSync(Buffer.alloc(16 * 1024 * 1024))
    const port = await serve(({ url }, response) => {
      if (url === '/bomb') return void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
      response.on('error', () => {})
      const more = () => void (response.write(Buffer.alloc(65_536)) ? setImmediate(more) : response.once('drain', more))
      more()
    })
    const { http } = await openGuarded({ also: [`127.0.0.1:${port}`] })
    expect((await http.get(`http://loopback.test:${port}/bomb`)).bytes().length).toBe(bomb.length)
    expect((await errorOf(http.get(`http://loopback.test:${port}/`))).code).toBe('too_large')
  })

  it('is waited for no longer than the time-out, however it drips', async () => {
    const port = await serve((_request, response) => {
      const drip = setInterval(() => response.write('.'), 10)
      response.once('close', () => clearInterval(drip))
    })
    const { http } = await openGuarded({ also: [`127.0.0.1:${port}`] })
    const options = { timeoutMs: 200, retries: 0 }
    expect((await errorOf(http.get(`http://loopback.test:${port}/`, options))).code).toBe('timeout')
  })
})

it('a function whose contract has no egress does not start with it', () => {
  const open = () => guarded.open(configOf({}), collectLog().log, { name: 'send-hook' })
  expect(open).toThrow(
    "send-hook/contract.ts: it uses `guarded`, which calls what `egress` allows; add egress: ['*:443'] for any public host",
  )
})
