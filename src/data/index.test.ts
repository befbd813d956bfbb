import { expect, it } from '@jest/globals'
import { build } from 'esbuild'

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
  ['HttpFault', undefined],
  ['cache', 'ioredis'],
  ['cacheOn', 'ioredis'],
  ['redis', 'ioredis'],
  ['mail', 'nodemailer'],
  ['postgres', 'pg'],
])('who uses %s ships %s, and no other client', async (resource, client) => {
  const packages = await packagesWith(resource)
  expect(packages).toContain('ebb')
  expect(CLIENTS.filter((name) => packages.has(name))).toEqual(client ? [client] : [])
})
