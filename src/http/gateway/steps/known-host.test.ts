import { request } from 'node:http'
import { expect, it } from '@jest/globals'
import { testGateway } from '../test-support.ts'

const ask = (url: string, host: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    request(url, { headers: { host } }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end()
  })
const docs = async (path: string) =>
  path === '/docs' ? { type: 'text/html', body: 'a key', immutable: false } : undefined

it.each(['localhost', 'LOCALHOST:8080', 'shop.localhost:1', '127.0.0.1:8080', '192.168.0.7', '[::1]:8080', 'ebb.dev'])(
  '200 for %s',
  async (host) => {
    const { url } = await testGateway({ dependencies: { docs, hosts: ['ebb.dev'] } })
    expect(await ask(`${url}/docs`, host)).toBe(200)
  },
)

it.each(['attacker.example', 'localhost.attacker.example', 'notlocalhost', '127.0.0.1.nip.example:8080', 'x.ebb.dev'])(
  '403 for %s, whatever it asks for',
  async (host) => {
    const { url, invoked } = await testGateway({ dependencies: { docs, hosts: ['ebb.dev'] } })
    for (const path of ['/docs', '/openapi.json', '/v1/slow', '/_/health'])
      expect(await ask(url + path, host)).toBe(403)
    expect(invoked).toEqual([])
  },
)

it('200 for any name where none is listed, or *', async () => {
  for (const dependencies of [{ docs }, { docs, hosts: ['*'] }]) {
    const { url } = await testGateway({ dependencies })
    expect(await ask(`${url}/docs`, 'api.example')).toBe(200)
  }
})
