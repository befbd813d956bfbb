import { beforeAll, describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'

/** The packages that a program would ship: what its bundle is made of. */
async function packagesOf(entry: string): Promise<ReadonlySet<string>> {
  const { metafile } = await build({
    ...{
      entryPoints: [entry],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      write: false,
      metafile: true,
      external: ['pg-native'],
    },
    ...{ minify: true, outdir: 'unused', logLevel: 'silent' },
  })
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  )
  return new Set(used.map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? 'ebb'))
}

describe('create-user ships', () => {
  let packages: ReadonlySet<string>
  beforeAll(async () => {
    packages = await packagesOf('functions/create-user/index.ts')
  })

  it.each(['express', 'pg', 'pino', 'zod', 'jose'])('%s', (name) => expect(packages).toContain(name))
  it.each(['ioredis', 'nodemailer', 'undici', 'esbuild', 'prom-client'])('no %s, which it did not ask for', (name) =>
    expect(packages).not.toContain(name),
  )
})

describe("the gateway's public path ships", () => {
  let packages: ReadonlySet<string>
  beforeAll(async () => {
    packages = await packagesOf('src/http/gateway/index.ts')
  })

  it('itself', () => expect(packages).toContain('ebb'))
  it.each(['express', 'pg', 'ioredis', 'prom-client'])('no %s', (name) => expect(packages).not.toContain(name))
})
