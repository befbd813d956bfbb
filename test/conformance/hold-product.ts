import pg from 'pg'

/** Lets orders of a product wait by a lock on its row, where the target's database can be reached. */
export async function holdProduct(databaseUrl: string, sku: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('begin')
  await client.query('select from products where sku = $1 for update', [sku])
  return () => client.end()
}
