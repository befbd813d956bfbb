/** The same transaction without an event: what the others' events cost. */
import type { Producer, Stores, Transact } from './queue-module.ts'

export const prepare = async () => {}

export async function openProducer({ transact }: Stores & { readonly transact: Transact }): Promise<Producer> {
  return { enqueue: (n) => transact(n, async () => {}) }
}
