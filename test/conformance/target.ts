import pg from 'pg'

/** What the suite is pointed at: an Ebb with this repository's functions, seen from outside, wherever it runs. */
export interface Target {
  /** The address of the gateway. */
  readonly url: string
  /** Its admin port and the admin key: with them, cases have callers of their own. */
  readonly admin?: { readonly url: string; readonly key: string } | undefined
  /** Where there is no admin port: an API key with `SCOPES`. */
  readonly key?: string | undefined
  /** Makes all orders of a product wait, as a slow database would, until the function that it returns is called. */
  readonly holdProduct?: ((sku: string) => Promise<() => Promise<void>>) | undefined
  /** How long what happens behind the scenes may take, such as a delivery; default: 90 s. */
  readonly patienceMs?: number | undefined
  /** Replaces a function's instances, as a roll-out does; resolves when new ones serve. */
  readonly restartFunction?: ((name: string) => Promise<void>) | undefined
}

/** What the cases do. */
export const SCOPES: readonly string[] = ['users:write', 'products:write', 'orders:write']

export type Requirement = 'key' | 'admin' | 'holdProduct' | 'restartFunction'

/** What a target lacks, in words; undefined where it has all that is needed. */
export function findMissingRequirement(target: Target, needs: readonly Requirement[]): string | undefined {
  const has = { ...target, key: target.key ?? target.admin }
  const [missing] = needs.filter((need) => !has[need])
  return missing && `needs ${WORDS[missing]}`
}

const WORDS: Readonly<Record<Requirement, string>> = {
  key: `an API key with ${SCOPES.join(', ')}, or the admin port`,
  admin: 'the admin port, for several callers',
  holdProduct: 'a way to make orders of a product wait',
  restartFunction: 'a way to replace the instances of a function',
}

/** Lets orders of a product wait by a lock on its row, where the target's database can be reached. */
export async function holdProduct(databaseUrl: string, sku: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('begin')
  await client.query('select from products where sku = $1 for update', [sku])
  return () => client.end()
}
