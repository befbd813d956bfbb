import { endpoint, event, graphql, subscriber } from 'ebb/contract'
import { type Fragment, postgres, type Sql } from 'ebb/data'
import { implement } from 'ebb/http'
import type { BoundedMap } from 'ebb/kernel'
import * as z from 'zod'

// What the examples in doc comments speak of, besides what they import: see examples.full.test.ts.
export declare const sql: Sql
export declare const [id, sku, quantity]: [string, string, number]
export declare const conditions: readonly Fragment[]
export declare const port: number
export declare const operations: BoundedMap<string, string>
export declare const parseOperation: (text: string) => string

export const orderPlaced = event({ type: 'order.placed', data: z.object({ id: z.string() }) })

export const contract = endpoint({
  name: 'get-order',
  summary: 'Look up an order.',
  method: 'GET',
  path: '/v1/orders/{id}',
  params: z.object({ id: z.string() }),
  reply: { status: 200, body: z.object({ id: z.string(), quantity: z.int() }) },
  failures: { order_not_found: 404 },
  access: { anonymous: true },
})

export const getOrder = { ...contract }

export const graph = graphql({
  ...{ name: 'graphql', summary: 'Orders.', path: '/v1/graphql', access: { anonymous: true } },
  query: { order: getOrder },
})

export const confirmOrder = subscriber({ name: 'confirm-order', summary: 'Confirm an order.', on: orderPlaced })

export const countReadings = subscriber({
  ...{ name: 'count-readings', summary: 'Count readings.', on: orderPlaced, batch: { size: 100 } },
  failures: { sensor_unknown: 422 },
})

export const handler = implement(contract, { sql: postgres }, async ({ params }) => ({ id: params.id, quantity: 1 }))
