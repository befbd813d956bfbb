import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cache, http, mail, postgres, redis } from '../data/index.ts'
import { STORES, type Store } from '../deploy/render/index.ts'
import type { Resource } from '../kernel/index.ts'

/** Whoever is not here is a team's own, and may read any setting. */
const STORES_OF = new Map<Resource<unknown>, readonly Store[]>([
  [postgres, ['postgres']],
  [redis, ['redis']],
  [cache, ['redis']],
  [mail, ['mail']],
  [http, []],
])

/** What of the platform each of these functions uses, as their handlers say. */
export async function importUses(
  root: string,
  names: readonly string[],
): Promise<Readonly<Record<string, readonly Store[]>>> {
  const read = async (name: string) => [name, await storesOf(root, name)] as const
  return Object.fromEntries(await Promise.all(names.map(read)))
}

async function storesOf(root: string, name: string): Promise<readonly Store[]> {
  const file = pathToFileURL(join(root, 'functions', name, 'handler.ts')).href
  const { default: handler }: { default: { readonly uses: Readonly<Record<string, Resource<unknown>>> } } =
    await import(file)
  const used = new Set(Object.values(handler.uses).flatMap((resource) => STORES_OF.get(resource) ?? STORES))
  return STORES.filter((store) => used.has(store))
}
