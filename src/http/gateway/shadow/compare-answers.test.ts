import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { pathsIn } from '../../../contract/schema/paths-in.ts'
import { compareAnswers } from './compare-answers.ts'
import type { Answer } from './keep-answer.ts'

const Order = z.object({
  id: z.string(),
  note: z.string().nullable().optional(),
  items: z.array(z.object({ sku: z.string(), price: z.number() })),
  byMail: z.record(z.string(), z.object({ name: z.string() })),
  servedAt: z.string(),
})
const paths = () => pathsIn(Order)
const order = {
  ...{ id: 'one', note: null, items: [{ sku: 'lamp', price: 3 }], byMail: { 'ann@example.com': { name: 'Ann' } } },
  servedAt: 'monday',
}
const answer = (body: unknown, status = 200, type = 'application/json'): Answer => ({
  ...{ status, headers: { 'content-type': type } },
  body: typeof body === 'string' ? Buffer.from(body) : Buffer.from(JSON.stringify(body)),
})
const compare = (a: Answer, b: Answer, mayDiffer: readonly string[] = []) => [
  ...compareAnswers(a, b, { paths, mayDiffer, headers: ['content-type'] }).values(),
]

it('says where answers differ, and never a value, nor a name that is one', () => {
  const other = {
    ...{ id: 2, items: [{ sku: 'vase', price: 4 }, { sku: 'new' }], byMail: { 'ann@example.com': { name: 'Eve' } } },
    ...{ servedAt: 'monday', token: 'secret' },
  }
  expect(compare(answer(order), answer(other))).toEqual([
    'id: number in place of string',
    'note: missing',
    'items: more elements',
    'items.*.sku: another string',
    'items.*.price: another number',
    'byMail.*.name: another string',
    '*: added',
  ])
})

it('compares values, not their texts', () => {
  expect(compare(answer('{"id":"one","note":null}'), answer('{ "note": null, "id": "one" }'))).toEqual([])
})

it('what may differ is left out, with all that is in it', () => {
  const other = { ...order, items: [{ sku: 'lamp', price: 4 }], byMail: {}, servedAt: 'tuesday' }
  expect(compare(answer(order), answer(other), ['servedAt', 'items.*.price', 'byMail'])).toEqual([])
  expect(compare(answer(order), answer(other), ['served', 'items.*.price', 'byMail.*'])).toEqual([
    'servedAt: another string',
  ])
})

it('compares statuses, types of content, refusals and bytes', () => {
  expect(compare(answer(order), answer({}, 404))).toEqual(['status: 404 in place of 200'])
  expect(compare(answer({}), answer({}, 200, 'text/plain'))).toEqual(['content-type: another value'])
  expect(compare(answer({ error: 'sold_out' }, 409), answer({ error: 'gone' }, 409))).toEqual(['error: another string'])
  expect(compare(answer('a', 200), answer('b', 200))).toEqual(['body: other bytes'])
})

it('a schema that holds itself has an end', () => {
  const Tree = z.object({
    name: z.string(),
    get children() {
      return z.array(Tree)
    },
  })
  expect(pathsIn(Tree)).toContain('children.*.children.*.name')
  expect(pathsIn(Tree).size).toBeLessThan(20)
})
