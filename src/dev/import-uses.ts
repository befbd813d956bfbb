import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Resource, STORES, type Store } from '../kernel/index.ts'

/** The stores of each of these functions, as the resources that their handlers use name them. */
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
  const used = new Set(Object.values(handler.uses).flatMap(({ stores }) => stores))
  return STORES.filter((store) => used.has(store))
}
