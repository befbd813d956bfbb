import { createRequire } from 'node:module'
import { describe, expect, it } from '@jest/globals'
import { Ajv } from 'ajv'
import { endpoint, event, subscriber } from 'ebb/contract'
import * as z from 'zod'
import createUser from '../../test/project/functions/create-user/contract.ts'
import getUser from '../../test/project/functions/get-user/contract.ts'
import sendWelcomeEmail from '../../test/project/functions/send-welcome-email/contract.ts'
import { asyncapi } from './asyncapi.ts'

const require = createRequire(import.meta.url)

interface Tree {
  name: string
  children: Tree[]
}
const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(Tree) }))

const type = 'order.placed'
const first = event({
  type,
  data: z.object({ id: z.uuid(), at: z.tuple([z.number(), z.number()]) }),
  summary: 'Placed.',
})
const second = event({
  ...{ type, version: 2, data: z.object({ id: z.uuid(), parts: Tree, kind: z.enum(['a', 'b']).nullable() }) },
  upcast: { from: first, data: ({ id }) => ({ id, parts: { name: '', children: [] }, kind: null }) },
})
const placeOrder = endpoint({
  ...({ name: 'place-order', summary: 'Place.', method: 'POST', path: '/v1/orders', access: {} } as const),
  reply: { status: 204 },
  emits: { [type]: second, 'stock.moved': z.object({ sku: z.string() }) },
})
const packOrder = subscriber({
  ...({ name: 'pack-order', summary: 'Pack.', on: second, emits: { 'order.packed': z.null() } } as const),
  batch: { size: 50 },
})

const api = { title: 'Shop', version: '7' }
const document = asyncapi([createUser, getUser, sendWelcomeEmail, placeOrder, packOrder], api)
// Only what is read here.
const read = document as unknown as {
  readonly channels: Record<string, { readonly messages: object }>
  readonly operations: Record<string, { readonly action: string; readonly messages: readonly object[] }>
  readonly components: {
    readonly messages: Record<string, { readonly headers: object; readonly payload: object }>
    readonly schemas: object
  }
}

describe('the AsyncAPI document', () => {
  it('fits the official JSON Schema of AsyncAPI 3.0, as does one without events', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
    const validate = ajv.compile(require('@asyncapi/specs/schemas/3.0.0-without-$id.json'))
    for (const one of [document, asyncapi([getUser], { version: '1' })]) {
      validate(JSON.parse(JSON.stringify(one)))
      expect(validate.errors).toBeNull()
    }
    expect(validate({ ...document, channels: { x: { messages: [] } } })).toBe(false)
  })

  it('has no reference that leads nowhere', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path)
    const find = (path: string) => path.split('/').reduce<unknown>((part, key) => Object(part)[key], document)
    expect(refs.length).toBeGreaterThan(10)
    expect(refs.filter((path) => find(path) === undefined)).toEqual([])
  })

  it('has a channel for each event, with a message for each version', () => {
    const messages = Object.entries(read.channels).map(([name, { messages }]) => [name, Object.keys(messages)])
    expect(messages).toEqual([
      ['order.packed', ['order.packed']],
      ['order.placed', ['order.placed', 'order.placed.v2']],
      ['stock.moved', ['stock.moved']],
      ['user.created', ['user.created']],
    ])
    expect(read.channels['order.placed']).toMatchObject({ address: 'order.placed', summary: 'Placed.' })
  })

  it('has what sends, and what receives with all the versions that it reads', () => {
    const operations = Object.entries(read.operations).map(([name, { action, messages }]) => [
      name,
      action,
      messages.length,
    ])
    expect(operations).toEqual([
      ['create-user.send.user.created', 'send', 1],
      ['send-welcome-email.receive.user.created', 'receive', 1],
      ['place-order.send.order.placed', 'send', 1],
      ['place-order.send.stock.moved', 'send', 1],
      ['pack-order.send.order.packed', 'send', 1],
      ['pack-order.receive.order.placed', 'receive', 2],
    ])
    expect(read.operations['pack-order.receive.order.placed']).toMatchObject({
      'x-ebb-batch': { size: 50, withinMs: 0 },
    })
    expect(read.operations['place-order.send.order.placed']?.messages).toEqual([
      { $ref: '#/channels/order.placed/messages/order.placed.v2' },
    ])
  })

  it('describes headers and data so that a validator of JSON Schema, draft 07, accepts what is sent', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false })
    ajv.addSchema(JSON.parse(JSON.stringify(document)), 'document')
    const accepts = (name: string, part: string, value: unknown) =>
      ajv.validate({ $ref: `document#/components/messages/${name}/${part}` }, value)
    const sent = {
      'ce-specversion': '1.0',
      'ce-id': '1',
      'ce-source': '/functions/x',
      'ce-time': '2026-11-30T09:00:00Z',
    }
    expect(accepts('order.placed.v2', 'headers', { ...sent, 'ce-type': 'order.placed.v2' })).toBe(true)
    expect(accepts('order.placed.v2', 'headers', { ...sent, 'ce-type': 'order.placed' })).toBe(false)
    expect(accepts('order.placed.v2', 'headers', { 'ce-type': 'order.placed.v2' })).toBe(false)
    const id = '4b1f7a6e-0c43-4a3d-9d1c-0a8f6d3f2b11'
    expect(accepts('order.placed', 'payload', { id, at: [1, 2] })).toBe(true)
    expect(accepts('order.placed', 'payload', { id, at: [1, 'x'] })).toBe(false)
    const parts = { name: 'a', children: [{ name: 'b', children: [] }] }
    expect(accepts('order.placed.v2', 'payload', { id, parts, kind: null })).toBe(true)
    expect(accepts('order.placed.v2', 'payload', { id, parts: { name: 'a', children: [{}] }, kind: 'a' })).toBe(false)
  })
})
