import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'

/** How a function is run: what stands behind `node`. */
export interface Built {
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
    ...{ alias: await ownRooms(), sourcemap: 'inline', logLevel: 'silent', outfile },
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
async function ownRooms(): Promise<Record<string, string>> {
  const { exports } = JSON.parse(await readFile('package.json', 'utf8'))
  return Object.fromEntries(
    Object.entries<string>(exports).map(([room, file]) => [room.replace('.', 'ebb'), resolve(file)]),
  )
}
