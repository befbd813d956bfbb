import { describe, expect, it } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { toolDescriptions } from './tool-descriptions.ts'

const Tree = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree)
  },
})
const Named = z.object({ id: z.string() }).meta({ id: 'Named' })
const base = { summary: 'Does it.', access: { scopes: ['trees:write'] }, tool: true } as const

const [tool] = toolDescriptions([
  endpoint({
    ...base,
    ...{ name: 'plant-tree', description: 'At once.', method: 'PUT', path: '/v1/trees/{id}' },
    params: Named,
    query: z.object({ deep: z.boolean().optional() }),
    body: Tree,
    reply: { status: 200, body: Tree },
    egress: ['trees.example.com:443'],
    failures: { no_room: { status: 409, description: 'The garden is full.' }, too_cold: 409 },
  }),
])
const ajv = new Ajv2020({ strict: false })
const tree = { name: 'a', children: [{ name: 'b', children: [] }] }

describe('the description of a tool', () => {
  it('takes the arguments that its contract takes, and no others, at every depth', () => {
    const isValid = ajv.compile(tool?.inputSchema ?? {})
    expect(isValid({ params: { id: '1' }, body: tree })).toBe(true)
    expect(isValid({ params: { id: '1' }, query: { deep: true }, body: tree })).toBe(true)
    expect(isValid({ body: tree })).toBe(false)
    expect(isValid({ params: { id: '1' } })).toBe(false)
    expect(
      isValid({ params: { id: '1' }, body: { name: 'a', children: [{ name: 'b', leaves: 1, children: [] }] } }),
    ).toBe(false)
    expect(isValid({ params: { id: '1' }, body: tree, idempotencyKey: 'k' })).toBe(false)
  })

  it('takes results that have more than it knows', () => {
    const isValid = ajv.compile(tool?.outputSchema ?? {})
    expect(isValid(tree)).toBe(true)
    expect(isValid({ ...tree, height: 3 })).toBe(true)
    expect(isValid({ name: 'a' })).toBe(false)
  })

  it('stands by itself: names of the document are of no use to an agent', () => {
    expect(JSON.stringify(tool)).not.toMatch(/x-name|components|Named/)
  })

  it('says what a client may expect', () => {
    const refusals = 'It may be refused with `no_room` (The garden is full.), `too_cold`.'
    const description = `Does it.\n\nAt once.\n\n${refusals}`
    expect(tool).toMatchObject({
      ...{ name: 'plant-tree', title: 'Plant tree', description },
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
    })
  })

  it('is there for no endpoint that does not ask for it, and in the order of names', () => {
    const one = (name: string, tool?: true) =>
      endpoint({
        ...{
          name,
          summary: 'One.',
          method: 'GET',
          path: `/v1/${name}`,
          reply: { status: 200, body: Named },
          access: {},
        },
        ...(tool ? { tool } : {}),
      })
    expect(toolDescriptions([one('b', true), one('c'), one('a', true)]).map(({ name }) => name)).toEqual(['a', 'b'])
  })
})
