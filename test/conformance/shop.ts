import { randomUUID } from 'node:crypto'
import { assertStatus } from './assertions.ts'
import type { ConformanceRequest, ConformanceResponse } from './client.ts'
import type { Caller, Session } from './session.ts'

export interface Order {
  readonly id: string
  readonly sku: string
  readonly quantity: number
  readonly state: 'placed' | 'confirmed'
}

/** An Idempotency-Key that has never been used. */
export const newKey = (): string => `conformance-${randomUUID()}`

/** An article number that no product has. */
export const newSku = (): string => `CONFORMANCE-${randomUUID().slice(0, 13).toUpperCase()}`

export const productOf = (sku: string, stock: number) => ({
  ...{ sku, stock, name: 'Of the conformance suite', category: 'conformance' },
  price: { amount: 250, currency: 'EUR' },
})

/** Creates a product, and returns its sku. */
export async function newProduct({ send }: Caller, { stock = 1_000 } = {}): Promise<string> {
  const sku = newSku()
  const headers = { 'idempotency-key': newKey() }
  assertStatus(await send({ method: 'POST', path: '/v1/products', json: productOf(sku, stock), headers }), 201)
  return sku
}

export async function stockOf({ send }: Pick<Session, 'send'>, sku: string): Promise<number> {
  const answer = await send({ path: `/v1/products/${sku}` })
  assertStatus(answer, 200)
  return answer.json<{ stock: number }>().stock
}

interface OrderOptions extends Pick<ConformanceRequest, 'headers' | 'signal'> {
  readonly key?: string
  readonly quantity?: number
}

/** Orders a product; default: one piece, under a fresh Idempotency-Key. */
export function placeOrder({ send }: Caller, sku: string, options: OrderOptions = {}): Promise<ConformanceResponse> {
  const { key = newKey(), quantity = 1, headers, signal } = options
  return send({
    ...{ method: 'POST', path: '/v1/orders', json: { sku, quantity, email: 'conformance@example.com' } },
    headers: { 'idempotency-key': key, ...headers },
    ...(signal ? { signal } : {}),
  })
}
