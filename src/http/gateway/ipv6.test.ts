import { networkInterfaces } from 'node:os'
import { expect } from '@jest/globals'
import { itWhere } from '../../../test/support/requirements.ts'
import { sendRaw } from './test-support.ts'
import { proxiedGateway, rawResponse, startOrigin } from './upstream/test-support-origin.ts'

const hasIpv6 = Object.values(networkInterfaces()).some((one) => one?.some(({ address }) => address === '::1'))
const itWithIpv6 = itWhere(hasIpv6 ? undefined : 'no IPv6 here')

const OK = rawResponse('200 OK')

itWithIpv6('200 by IPv6 and, on the same port, by IPv4, whose address is written as one', async () => {
  const origin = await startOrigin(() => OK)
  const { port, lines } = await proxiedGateway(origin, {}, { host: '::' })
  const get = (host: string, from: string) => sendRaw(port, `GET /old/x HTTP/1.1\r\nHost: ${host}\r\n\r\n`, from)
  expect((await get(`[::1]:${port}`, '::1')).status).toBe(200)
  expect((await get('127.0.0.1', '127.0.0.1')).status).toBe(200)
  const seen = (name: string) => origin.requests.flatMap(({ all }) => all(name))
  expect(seen('x-forwarded-for')).toEqual(['::1', '127.0.0.1'])
  expect(seen('forwarded')).toEqual([
    `for="[::1]";proto=http;host="[::1]:${port}"`,
    'for=127.0.0.1;proto=http;host="127.0.0.1"',
  ])
  expect(lines.filter(({ msg }) => msg === 'request').map(({ client }) => client)).toEqual(['::1', '127.0.0.1'])
})

itWithIpv6('200 from a service at an IPv6 address, with a Host of its own, and addresses of it are ours', async () => {
  const origin = await startOrigin(({ all }) => rawResponse('302 Found', [`Location: http://${all('host')}/a`]), '::1')
  const { url } = await proxiedGateway(origin, { upstream: { stripPrefix: true } })
  const { status, headers } = await fetch(`${url}/old/x`, { redirect: 'manual' })
  expect([status, headers.get('location')]).toEqual([302, '/old/a'])
  expect(origin.requests[0]?.all('host')).toEqual([origin.authority])
})

itWithIpv6('200 an absolute target at an IPv6 address, and 403 a host that is not ours', async () => {
  const origin = await startOrigin(() => OK)
  const { port } = await proxiedGateway(origin, {}, { host: '::1', dependencies: { hosts: ['api.example'] } })
  const get = async (target: string, host: string) =>
    (await sendRaw(port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, '::1')).status
  expect(await get(`http://[::1]:${port}/old/x`, 'a')).toBe(200)
  expect(
    await Promise.all(
      ['[::1]', '[::ffff:1.2.3.4]:80', 'API.example', 'evil.example', '[::1', '::1'].map((host) => get('/old/x', host)),
    ),
  ).toEqual([...[200, 200, 200, 403, 400, 400]])
})
