import { expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import { build } from 'esbuild'
import * as z from 'zod'
import { serve } from './http-client/test-support.ts'
import { cacheOn, HttpError, http } from './index.ts'

/** The packages in the bundle of a program that uses one resource. */
async function packagesWith(resource: string): Promise<ReadonlySet<string>> {
  const contents = `import { ${resource} } from './src/data/index.ts'\nconsole.log(${resource})`
  const { metafile } = await build({
    ...{ bundle: true, platform: 'node', format: 'cjs', write: false, metafile: true, minify: true, outdir: 'unused' },
    ...{ stdin: { contents, resolveDir: '.', loader: 'ts' }, external: ['pg-native'], logLevel: 'silent' },
  })
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  )
  return new Set(used.map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? 'ebb'))
}

const CLIENTS = ['ioredis', 'nodemailer', 'pg', 'undici']

it.each([
  ['http', 'undici'],
  ['HttpError', undefined],
  ['cache', 'ioredis'],
  ['cacheOn', 'ioredis'],
  ['redis', 'ioredis'],
  ['mail', 'nodemailer'],
  ['postgres', 'pg'],
])('a bundle that uses %s has %s, and no other client', async (resource, client) => {
  const packages = await packagesWith(resource)
  expect(packages).toContain('ebb')
  expect(CLIENTS.filter((name) => packages.has(name))).toEqual(client ? [client] : [])
})

const Price = z.object({ cents: z.int() })
const getPrice = (timeoutMs: number) => {
  const contract = endpoint({
    ...{ name: 'get-price', summary: 'Tell a price.', method: 'GET', path: '/v1/prices' },
    ...{ query: z.object({ origin: z.string() }), reply: { status: 200, body: Price } },
    ...{ failures: { unknown: 503 }, access: { scopes: [] }, timeoutMs },
  })
  return implement(contract, { http, cache: cacheOn('prices') }, async ({ query }, { http, cache, fail }) => {
    const load = async () => (await http.get(query.origin, { timeoutMs: 60_000 })).json(Price)
    return cache.get(query.origin, { ttlSeconds: 60, load }).catch((error: unknown) => {
      throw error instanceof HttpError && error.code === 'bad_answer' ? fail('unknown', 'There is no price.') : error
    })
  })
}
const fn = testFunction(getPrice(60_000))
const hurried = testFunction(getPrice(300))

it.each([
  ['{"cents":5}', 200],
  ['no price', 503],
])('a handler that uses both: %s is %i', async (body, status) => {
  const origin = await serve((_request, response) => void response.end(body))
  await (await fn.as({ sub: 'ann' })).get('/v1/prices').query({ origin }).expect(status)
})

it("a call ends with its request's deadline", async () => {
  const closed = Promise.withResolvers<void>()
  const origin = await serve((_request, response) => void response.on('close', closed.resolve))
  await (await hurried.as({ sub: 'ann' })).get('/v1/prices').query({ origin }).expect(504)
  await closed.promise
})
