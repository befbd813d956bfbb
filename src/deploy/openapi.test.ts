import { describe, expect, it } from '@jest/globals'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import * as z from 'zod'
import createUser from '../../functions/create-user/contract.ts'
import getUser from '../../functions/get-user/contract.ts'
import sendWelcomeEmail from '../../functions/send-welcome-email/contract.ts'
import { endpoint } from '../contract/index.ts'
import { openapi } from './openapi.ts'

interface Tree {
  name: string
  children: Tree[]
}
const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(Tree) }))

/** A contract with everything that the document can say. */
const searchShop = endpoint({
  name: 'search-shop',
  summary: 'Search the shop.',
  description: 'By many things.',
  method: 'POST',
  path: '/v1/shops/{shop}/search',
  reads: true,
  params: z.object({ shop: z.number().int() }),
  query: z.object({ limit: z.number().int().max(100).default(20), tag: z.array(z.string()).optional() }),
  headers: z.object({ 'x-region': z.string().optional() }),
  body: z.object({ tree: Tree }),
  reply: { status: 200, body: z.object({ found: z.array(Tree) }) },
  access: { anonymous: true },
  limit: { requests: 10, perSeconds: 60 },
  version: '2',
  examples: { one: { body: { tree: { name: 'a', children: [] } }, reply: { found: [] } } },
})

const document = openapi([createUser, getUser, sendWelcomeEmail, searchShop], { version: '1' })

describe('the OpenAPI document', () => {
  it('passes an independent linter of OpenAPI 3.1 without errors', async () => {
    const config = await createConfig({ extends: ['recommended'] })
    const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config })
    expect(
      problems
        .filter(({ severity }) => severity === 'error')
        .map(({ message, location }) => [message, location[0]?.pointer]),
    ).toEqual([])
  })

  it('says the same as last time', () => {
    expect(document).toMatchSnapshot()
  })
})
