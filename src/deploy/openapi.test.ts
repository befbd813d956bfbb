import { describe, expect, it } from '@jest/globals'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { jsonPatch, mergePatch } from 'ebb/contract'
import * as z from 'zod'
import createUser from '../../test/project/functions/create-user/contract.ts'
import getUser from '../../test/project/functions/get-user/contract.ts'
import sendWelcomeEmail from '../../test/project/functions/send-welcome-email/contract.ts'
import { endpoint } from '../contract/index.ts'
import { form, stream } from '../contract/public.ts'
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
  failures: {
    too_few: { status: 409, description: 'Fewer are left.', data: z.object({ left: z.int(), tree: Tree.optional() }) },
    too_late: 409,
  },
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

  interface Doc {
    readonly paths: Record<
      string,
      Record<string, { requestBody?: { required: boolean }; responses: Record<string, unknown> }>
    >
    readonly components: { readonly schemas: Record<string, { properties: Record<string, Record<string, unknown>> }> }
  }
  // Only what is read here.
  const read = (...contracts: Parameters<typeof openapi>[0]) => openapi(contracts, { version: '1' }) as unknown as Doc

  it('says when an endpoint fails, and with which data', () => {
    const { paths } = read(searchShop)
    // Only what is read here.
    const { description, content } = Object(paths['/v1/shops/{shop}/search']?.post?.responses[409]) as {
      readonly description: string
      readonly content: Record<string, { schema: object; examples: Record<string, { value: object }> }>
    }
    expect(description).toBe('- `too_few`: Fewer are left.\n- `too_late`')
    const { schema = {}, examples = {} } = content['application/problem+json'] ?? {}
    const isValid = new Ajv2020({ strict: false, validateFormats: false }).compile({
      ...(document as object),
      ...schema,
    })
    expect(Object.keys(examples)).toEqual(['too_few', 'too_late'])
    for (const { value } of Object.values(examples)) expect([isValid(value), value]).toEqual([true, value])
    const few = examples.too_few?.value
    for (const wrong of [{ data: undefined }, { data: {} }, { error: 'too_much' }, { status: 410 }])
      expect([isValid(JSON.parse(JSON.stringify({ ...few, ...wrong }))), wrong]).toEqual([false, wrong])
  })

  it('says what is deprecated, and until when', () => {
    const deprecated = { since: '2026-11-30', sunset: '2099-06-01' }
    const { paths } = read({ ...searchShop, deprecated }, getUser)
    expect(paths['/v1/shops/{shop}/search']?.post).toMatchObject({ deprecated: true, 'x-deprecation': deprecated })
    expect(paths['/v1/users/{id}']?.get).not.toHaveProperty('deprecated')
  })

  it('names the schemas of the domain, and gives input and output two names where they differ', () => {
    const Shelf = z.object({ id: z.string().default('a'), at: z.iso.datetime() }).meta({ id: 'Shelf' })
    const parts = {
      summary: 'Shelves.',
      method: 'POST',
      access: {},
      reply: { status: 200, body: z.array(Shelf) },
    } as const
    const put = endpoint({ ...parts, name: 'put-shelf', path: '/v1/shelves', body: Shelf })
    const { components, paths } = read(createUser, put)
    expect(Object.keys(components.schemas).sort()).toEqual(['Problem', 'Shelf', 'ShelfOutput', 'User'])
    expect(JSON.stringify(paths['/v1/users'])).toContain('"#/components/schemas/User"')
  })

  it('lists every response that happens, and the codes of each status', () => {
    const { '/v1/users': users } = read(createUser).paths
    const statuses = [201, 400, 401, 403, 408, 409, 413, 415, 417, 422, 431, 500, 502, 503, 504]
    expect(Object.keys(users?.post?.responses ?? {})).toEqual(statuses.map(String))
    expect(users?.post?.responses[409]).toMatchObject({
      content: {
        'application/problem+json': { schema: { properties: { error: { enum: ['in_progress', 'email_taken'] } } } },
      },
    })
  })

  it('says where a token needs a proof of its key', async () => {
    const parts = { summary: 'Pay.', method: 'POST', reply: { status: 204 } } as const
    const pay = endpoint({ ...parts, name: 'pay', path: '/v1/payments', access: { scopes: ['pay:write'], dpop: true } })
    const document = openapi([pay, createUser], { version: '1' })
    expect(document.paths).toMatchObject({
      '/v1/payments': {
        post: {
          security: [{ dpop: [] }],
          description:
            'Any caller with `pay:write` may call this. Only with an access token that is bound to a key, and a proof of it (DPoP).',
        },
      },
      '/v1/users': { post: expect.not.objectContaining({ security: expect.anything() }) },
    })
    expect(document.components).toMatchObject({ securitySchemes: { dpop: { type: 'http', scheme: 'dpop' } } })
    expect(openapi([createUser], { version: '1' }).components).not.toHaveProperty('securitySchemes.dpop')
    const config = await createConfig({ extends: ['recommended'] })
    const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config })
    expect(problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)).toEqual([])
  })

  it('has each reply with its headers, where a redirect leads, the media types of a patch, and the conditions', async () => {
    const Note = z.object({ text: z.string() })
    const parts = { summary: 'A note.', path: '/v1/notes/{id}', params: z.object({ id: z.string() }) } as const
    const take = endpoint({
      ...{ ...parts, name: 'take-note', method: 'POST', access: { scopes: ['notes:write'] } },
      cookies: z.object({ session: z.string() }),
      reply: [
        { status: 201, body: Note, headers: z.object({ 'x-total': z.number(), 'x-a': z.string().optional() }) },
        { status: 200, body: Note, cookies: { theme: { value: z.string() } } },
        { status: 303, locations: ['https://pay.example.com/*'] },
      ],
      examples: { again: { status: 200, reply: { text: 'a' } } },
    })
    const change = endpoint({
      ...{ ...parts, name: 'change-note', method: 'PATCH', access: { scopes: ['notes:write'] }, conditional: true },
      ...{ body: z.union([mergePatch(Note), jsonPatch()]), reply: { status: 200, body: Note } },
    })
    const get = endpoint({
      ...{ ...parts, name: 'get-note', method: 'GET', access: { scopes: ['notes:read'] }, conditional: true },
      reply: { status: 200, body: Note },
    })
    const document = openapi([take, change, get], { version: '1' })
    const etag = { ETag: { schema: { type: 'string' } } }
    const named = (name: string, place: string, required: boolean) =>
      expect.objectContaining({ name, in: place, required })
    expect(document.paths).toMatchObject({
      '/v1/notes/{id}': {
        post: {
          parameters: expect.arrayContaining([named('session', 'cookie', true)]),
          responses: {
            201: { headers: { 'x-total': { required: true, schema: { type: 'number' } }, 'x-a': { required: false } } },
            200: {
              headers: { 'Set-Cookie': { schema: { type: 'string' } } },
              content: { 'application/json': { examples: { again: { value: { text: 'a' } } } } },
            },
            303: { description: 'See Other: leads to https://pay.example.com/*', headers: { Location: {} } },
          },
        },
        patch: {
          parameters: expect.arrayContaining([named('If-Match', 'header', false)]),
          requestBody: {
            content: { 'application/merge-patch+json': {}, 'application/json-patch+json': {} },
          },
          responses: { 200: { headers: etag }, 412: {}, 415: {}, 422: {}, 428: {} },
        },
        get: {
          parameters: expect.arrayContaining([named('If-None-Match', 'header', false)]),
          responses: { 200: { headers: etag }, 304: { headers: etag }, 412: {} },
        },
      },
    })
    expect(document).not.toHaveProperty(['paths', '/v1/notes/{id}', 'get', 'responses', '428'])
    const config = await createConfig({ extends: ['recommended'] })
    const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config })
    expect(problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)).toEqual([])
  })

  it('describes streams and forms by their media types, and what each may have', async () => {
    const anyone = { access: { anonymous: true } } as const
    const upload = endpoint({
      ...{ name: 'put-file', summary: 'Keep a file.', method: 'PUT', path: '/v1/file', ...anyone },
      ...{ body: stream({ type: ['text/csv', 'image/*'], maxBytes: 10 }), reply: { status: 204 } },
    })
    const photo = endpoint({
      ...{ name: 'add-photo', summary: 'Add a photo.', method: 'POST', path: '/v1/photos', ...anyone },
      body: form({
        fields: z.object({ title: z.string(), stars: z.int().optional() }),
        files: { photo: { type: 'image/png', maxBytes: 10 }, icon: { type: 'image/*', maxBytes: 5, optional: true } },
      }),
      reply: { status: 200, stream: { type: 'image/png' } },
      reads: true,
    })
    const rows = endpoint({
      ...{ name: 'list-rows', summary: 'List.', method: 'GET', path: '/v1/rows', ...anyone },
      reply: { status: 200, stream: { type: 'application/x-ndjson', item: z.object({ n: z.int() }) } },
    })
    const watch = endpoint({
      ...{ name: 'watch-rows', summary: 'Watch.', method: 'GET', path: '/v1/watch', ...anyone },
      reply: { status: 200, stream: { type: 'text/event-stream', item: z.object({ n: z.int() }) } },
    })
    const takeRows = endpoint({
      ...{ name: 'take-rows', summary: 'Take.', method: 'POST', path: '/v1/rows', ...anyone, reply: { status: 204 } },
      body: stream({ type: 'application/x-ndjson', item: z.object({ n: z.int() }), maxBytes: 10 }),
    })
    const document = openapi([upload, photo, rows, watch, takeRows], { version: '1' })
    expect(document.paths).toMatchObject({
      '/v1/file': { put: { requestBody: { required: true, content: { 'text/csv': {}, 'image/*': {} } } } },
      '/v1/photos': {
        post: {
          requestBody: {
            content: {
              'multipart/form-data': {
                schema: {
                  properties: { title: { type: 'string' }, photo: { contentMediaType: 'image/png' } },
                  required: ['title', 'photo'],
                },
                encoding: { photo: { contentType: 'image/png' }, icon: { contentType: 'image/*' } },
              },
            },
          },
          responses: { 200: { content: { 'image/png': {} } }, 413: expect.anything(), 415: expect.anything() },
        },
      },
      '/v1/rows': {
        get: {
          responses: {
            200: { content: { 'application/x-ndjson': { schema: { type: 'array', items: { required: ['n'] } } } } },
          },
        },
        post: {
          requestBody: {
            description: 'At most 10 bytes, and 65536 a line: each is one item, as JSON.',
            content: { 'application/x-ndjson': { schema: { type: 'array', items: { additionalProperties: false } } } },
          },
        },
      },
      '/v1/watch': {
        get: {
          responses: {
            200: {
              content: { 'text/event-stream': { schema: { items: { properties: { id: { type: 'string' } } } } } },
            },
          },
        },
      },
    })
    const config = await createConfig({ extends: ['recommended'] })
    const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config })
    expect(problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)).toEqual([])
  })

  it('publishes patterns that other engines read, and describes the others in words', () => {
    const parts = { summary: 'Names.', method: 'POST', access: {}, reply: { status: 204 } } as const
    const Names = z
      .object({
        line: z.string().regex(/^\P{Cc}*$/u),
        word: z
          .string()
          .regex(/^\p{L}+$/u)
          .meta({ description: 'A word.' }),
        code: z
          .string()
          .regex(/^[a-z]$/)
          .regex(/^abc$/i),
        tags: z.array(z.string()).readonly(),
      })
      .meta({ id: 'Names' })
    const name = endpoint({ ...parts, name: 'take-names', path: '/v1/names', body: Names.optional() })
    const { components, paths } = read(name)
    expect(paths['/v1/names']?.post?.requestBody?.required).toBe(false)
    expect(components.schemas.Names?.properties).toEqual({
      line: { type: 'string', pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$' },
      word: { type: 'string', description: 'A word. Matches `/^\\p{L}+$/u` of ECMAScript.' },
      code: { type: 'string', pattern: '^[a-z]$', description: 'Matches `/^abc$/i` of ECMAScript.' },
      tags: { type: 'array', items: { type: 'string' } },
    })
  })

  it('refers to what contains itself, and not to itself', () => {
    const parts = { summary: 'Trees.', method: 'POST', access: {} } as const
    const Node = z.object({
      name: z.string(),
      get more() {
        return z.array(Node).optional()
      },
    })
    const plant = endpoint({
      ...parts,
      name: 'plant',
      path: '/v1/trees',
      body: Node,
      reply: { status: 200, body: Node },
    })
    const document = read(plant)
    expect(JSON.stringify(document)).not.toContain('"$ref":"#"')
    expect(document.paths['/v1/trees']?.post?.requestBody).toMatchObject({
      content: { 'application/json': { schema: { $ref: '#/components/schemas/plant-1' } } },
    })
    expect(document.components.schemas['plant-1']?.properties).toEqual({
      name: { type: 'string' },
      more: { type: 'array', items: { $ref: '#/components/schemas/plant-1' } },
    })
  })

  it('describes what callers see where a value is transformed', () => {
    const parts = { summary: 'Names.', method: 'POST', access: {} } as const
    const Name = z.object({
      name: z.string().max(9).trim().min(1).max(3),
      code: z
        .string()
        .toLowerCase()
        .regex(/^[a-z]*$/)
        .describe('A code.'),
      page: z.int().catch(1),
      on: z.stringbool(),
      at: z.string().transform(Number).pipe(z.int32()),
    })
    const name = endpoint({ ...parts, name: 'name', path: '/v1/names', body: Name, reply: { status: 200, body: Name } })
    const schemas = JSON.parse(JSON.stringify(read(name).paths['/v1/names']?.post))
    expect(schemas.requestBody.content['application/json'].schema.properties).toEqual({
      name: { type: 'string', maxLength: 9, description: 'The changed value has minLength 1, maxLength 3.' },
      code: { type: 'string', description: 'A code. The changed value has pattern "^[a-z]*$".' },
      page: { default: 1 },
      on: { type: 'string' },
      at: { type: 'string' },
    })
    expect(schemas.responses[200].content['application/json'].schema.properties).toMatchObject({
      name: { type: 'string', minLength: 1, maxLength: 3 },
      code: { type: 'string', pattern: '^[a-z]*$', description: 'A code.' },
      page: { type: 'integer' },
      on: { type: 'boolean' },
      at: { type: 'integer' },
    })
  })

  it('requires nothing that is accepted when it is absent', () => {
    const parts = { summary: 'Pages.', method: 'POST', access: {}, reply: { status: 204 } } as const
    const page = z.int().catch(1)
    const body = z.object({ page, all: z.tuple([z.int(), page]), only: z.object({ page }) })
    const list = endpoint({ ...parts, name: 'list-pages', path: '/v1/pages', body })
    const schemas = JSON.parse(JSON.stringify(read(list).paths['/v1/pages']?.post))
    const { required, properties } = schemas.requestBody.content['application/json'].schema
    expect({ required, all: properties.all.minItems, only: properties.only.required }).toEqual({
      ...{ required: ['all', 'only'], all: 1, only: undefined },
    })
  })

  it('promises nothing in a reply that a handler may leave undefined', () => {
    const given = z.object({ id: z.int(), any: z.unknown(), maybe: z.any().catch(1), page: z.int().catch(1) })
    const parts = { summary: 'Shows.', method: 'GET', access: {}, reply: { status: 200, body: given } } as const
    const show = endpoint({ ...parts, name: 'show', path: '/v1/things' })
    const { responses } = JSON.parse(JSON.stringify(read(show).paths['/v1/things']?.get))
    expect(responses[200].content['application/json'].schema.required).toEqual(['id', 'page'])
  })

  it('documents no default of a .catch that depends on its input', () => {
    const parts = { summary: 'Pages.', method: 'POST', access: {}, reply: { status: 204 } } as const
    const body = z.object({ page: z.int().catch(({ input }) => String(input).length) })
    const list = endpoint({ ...parts, name: 'list-pages', path: '/v1/pages', body })
    const { requestBody } = JSON.parse(JSON.stringify(read(list).paths['/v1/pages']?.post))
    expect(requestBody.content['application/json'].schema.properties).toEqual({ page: {} })
  })

  it('describes in words a pattern that takes an emoji for two characters', () => {
    const parts = { summary: 'Names.', method: 'POST', access: {}, reply: { status: 204 } } as const
    const escaped = new RegExp(['^', '$'].join('\\-'))
    const patterns = [/^..$/, /^.*@.+$/, /^[^a]$/, /^[^a]+$/, escaped, /^[.]$/, /^..$/u]
    const body = z.object(Object.fromEntries(patterns.map((pattern, i) => [`p${i}`, z.string().regex(pattern)])))
    const name = endpoint({ ...parts, name: 'name', path: '/v1/names', body })
    const { properties } = JSON.parse(JSON.stringify(read(name).paths['/v1/names']?.post)).requestBody.content[
      'application/json'
    ].schema
    const published = patterns.map((_, i) => properties[`p${i}`].pattern !== undefined)
    expect(published).toEqual([false, true, false, true, false, true, true])
  })

  it('has what callers manage of their own where a gateway asks for it: by a login, and not by a key', () => {
    const own = JSON.parse(JSON.stringify(openapi([createUser], { version: '1', withOwnKeys: true }))).paths
    expect(Object.keys(own).sort()).toEqual([
      ...['/v1/keys', '/v1/keys/{id}', '/v1/keys/{id}/rotate', '/v1/keys/{id}/usage', '/v1/usage', '/v1/users'],
    ])
    const { post } = own['/v1/keys']
    expect([post.operationId, post.security, post.parameters[0].name]).toEqual([
      ...['keys.create', [{ bearer: [] }], 'Idempotency-Key'],
    ])
    expect(post.requestBody.content['application/json'].schema.required).toEqual(['name', 'scopes'])
    expect(Object.keys(own['/v1/keys/{id}/rotate'].post.responses)).toEqual(
      expect.arrayContaining(['201', '404', '409']),
    )
  })

  it('matches its snapshot', () => {
    expect(document).toMatchSnapshot()
  })
})
