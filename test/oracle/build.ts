import { randomUUID } from 'node:crypto'
import { cp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { NODE_FLAGS } from 'ebb/build'
import { build } from 'esbuild'
import { buildFunction } from '../../src/build/build-image.ts'
import type { FunctionContract } from '../../src/contract/index.ts'
import { copyCheckout } from '../support/checkout.ts'
import findThing from './functions/find-thing/contract.ts'
import makeThing from './functions/make-thing/contract.ts'
import noteThing from './functions/note-thing/contract.ts'

/** How a function is run: what stands behind `node`. */
interface Built {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Deletes what was written. */
  readonly remove?: () => Promise<void>
}

export type Build = (root: string, name: string) => Promise<Built>

/**
 * A function the way that OpenTelemetry's documentation wants it: in CommonJS, its packages apart in node_modules, where
 * the hooks of auto-instrumentations-node find them.
 */
export const buildOfficial: Build = async (root, name) => {
  // Below the checkout, so that its packages resolve.
  const outfile = resolve('.ebb', `oracle-${randomUUID()}`, `${name}.cjs`)
  await build({
    entryPoints: [join(root, 'functions', name, 'index.ts')],
    ...{ bundle: true, platform: 'node', target: 'node26', format: 'cjs', packages: 'external', keepNames: true },
    ...{ alias: await readPackageAliases(), sourcemap: 'inline', logLevel: 'silent', outfile },
  })
  const register = createRequire(outfile).resolve('@opentelemetry/auto-instrumentations-node/register')
  return {
    args: ['--require', register, outfile],
    env: {
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_SEMCONV_STABILITY_OPT_IN: 'http,database',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      // Of what surrounds it, only its own name.
      OTEL_NODE_RESOURCE_DETECTORS: 'env',
      OTEL_LOGS_EXPORTER: 'none',
    },
    remove: () => rm(join(outfile, '..'), { recursive: true, force: true }),
  }
}

/** `ebb/contract` and the like are sources of this checkout, not packages. */
async function readPackageAliases(): Promise<Record<string, string>> {
  const { exports } = JSON.parse(await readFile('package.json', 'utf8'))
  return Object.fromEntries(
    Object.entries<string>(exports).map(([name, file]) => [name.replace('.', 'ebb'), resolve(file)]),
  )
}

const THING_CONTRACTS: Readonly<Record<string, FunctionContract>> = {
  'find-thing': findThing,
  'make-thing': makeThing,
  'note-thing': noteThing,
}

/** A checkout whose functions, besides its own, are those of this folder. */
export async function checkoutWithThings() {
  const { root, remove } = await copyCheckout()
  await cp('test/oracle/functions', join(root, 'functions'), { recursive: true })
  await cp('test/oracle/thing.ts', join(root, 'thing.ts'))
  return { root, remove }
}

/** Functions the way that the product builds them: each in its image's layout, code caches and all. */
export function buildOurs(root: string): Build {
  const built = new Map<string, Promise<Built>>()
  return (_, name) => {
    const known = built.get(name) ?? buildImage(root, name)
    built.set(name, known)
    return known
  }
}

async function buildImage(root: string, name: string): Promise<Built> {
  const contract = THING_CONTRACTS[name]
  if (!contract) throw new Error(`there is no function ${name} here`)
  const folder = join(root, 'images', name)
  await buildFunction(root, contract, folder)
  return {
    args: [...NODE_FLAGS, join(folder, 'start.cjs')],
    // The collector of the tests reads no protobuf.
    env: { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_BSP_SCHEDULE_DELAY: '100' },
  }
}
