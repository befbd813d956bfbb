import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleContracts, bundleService, pointTo } from '../../deploy/index.ts'
import type { Built } from './build-function.ts'
import { measure } from './build-function.ts'
import { packagesOf } from './packages-of.ts'

/** The always-on parts that have images, each with what it needs besides what its sources import. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  gateway: ['swagger-ui-dist'],
  relay: ['@opentelemetry/auto-instrumentations-node'],
}

export const SERVICES = Object.keys(NEEDS)

/** OpenTelemetry's own instrumentation hooks `require`, so it comes first; the gateway has spans of its own. */
const FIRST: Readonly<Record<string, string>> = {
  relay: "require('@opentelemetry/auto-instrumentations-node/register')\n",
}

/**
 * Builds what a service's image holds: its sources in one CommonJS file, the packages that it needs apart in
 * node_modules, where instrumentation finds them, and the contracts that it serves by.
 */
export async function buildService(root: string, name: string, folder: string): Promise<Built> {
  await mkdir(folder, { recursive: true })
  const { version }: { version: string } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const imports = await bundleService(root, name, join(folder, 'main.cjs'))
  await pointTo(join(folder, 'contracts'), await bundleContracts(root, folder, { version }))
  await writeFile(join(folder, 'start.cjs'), `${FIRST[name] ?? ''}require('./main.cjs')\n`)
  for (const { from, to } of await packagesOf(root, [...imports, ...(NEEDS[name] ?? [])])) {
    await cp(from, join(folder, to), { recursive: true, filter: isLoaded })
  }
  return measure(folder)
}

/** Types, source maps and what is written for people are nothing that runs; nested packages come by themselves. */
const isLoaded = (path: string) =>
  !/(\.d\.[cm]?ts|\.[cm]?ts|\.map|\.md)$/.test(path) && !/[/\\]node_modules[/\\].*[/\\]node_modules$/.test(path)
