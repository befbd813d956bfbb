import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from '@jest/globals'
import { findBundledPackages } from '../../src/build/packages.ts'
import { writeChunk } from '../../src/build/write-chunk.ts'

/** What each request passes through, whichever function it is for. */
const PUBLIC_PATH = 'src/http/gateway/index.ts'
const PACKAGES = ['@opentelemetry/api', 'zod']

it("the gateway's public path is made of these packages, and has no Express", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-budget-'))
  try {
    const path = await writeChunk(resolve('.'), folder, 'gateway', { entryPoints: [PUBLIC_PATH] })
    const packages = findBundledPackages(path).map(({ name }) => name)
    expect(packages.sort()).toEqual(PACKAGES)
    expect(path.bytesOf.get(resolve('src/http/gateway/server.ts'))).toBeGreaterThan(0)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
