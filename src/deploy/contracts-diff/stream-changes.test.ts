import { describe, expect, it } from '@jest/globals'
import { type EndpointShape, endpoint, form, stream } from 'ebb/contract'
import * as z from 'zod'
import { contractsData } from '../contracts-data.ts'
import { diffContracts } from './index.ts'

const upload = {
  ...{ name: 'put-file', summary: 'Keep.', path: '/v1/file', access: {}, reply: { status: 204 } },
  ...{ method: 'PUT', body: stream({ type: ['text/csv', 'image/png'], maxBytes: 100 }) },
} satisfies EndpointShape
const photo = { type: 'image/png', maxBytes: 10 } as const
const photos = {
  ...upload,
  body: form({ fields: z.object({ title: z.string(), tag: z.string().optional() }), files: { photo } }),
} satisfies EndpointShape
const list = {
  ...{ name: 'list-rows', summary: 'List.', path: '/v1/rows', access: {} },
  ...{
    method: 'GET',
    reply: { status: 200, stream: { type: 'application/x-ndjson', item: z.object({ n: z.int() }) } },
  },
} satisfies EndpointShape

const type = 'application/x-ndjson'
const Row = z.object({ n: z.int() })
const lines = () => ({ ...upload, body: stream({ type, maxBytes: 100 }) })
const rows = (item: z.ZodType, maxItemBytes = 100) => ({
  ...upload,
  body: stream({ type, item, maxItemBytes, maxBytes: 100 }),
})

const dataOf = (shape: EndpointShape) => contractsData({ [shape.name]: endpoint(shape) })
const diff = (before: EndpointShape, after: EndpointShape) =>
  diffContracts(dataOf(before), dataOf(after)).map(({ says }) => says)

describe('a change of a stream', () => {
  it.each<[string, EndpointShape, EndpointShape, string[]]>([
    [
      'fewer types',
      upload,
      { ...upload, body: stream({ type: 'image/*', maxBytes: 100 }) },
      ['body is not taken as text/csv any more'],
    ],
    [
      'less of it',
      upload,
      { ...upload, body: stream({ ...upload.body, maxBytes: 99 }) },
      ['body may have 99 bytes now, and had 100'],
    ],
    ['JSON in its place', upload, { ...upload, body: z.string() }, ['body is JSON now, and was a stream']],
    ['a form in its place', upload, photos, ['body is a form now, and was a stream']],
    [
      'more types, and more of it',
      upload,
      { ...upload, body: stream({ type: ['text/csv', 'image/*'], maxBytes: 101 }) },
      [],
    ],
    [
      'another file',
      photos,
      { ...photos, body: form({ ...photos.body, files: { picture: photo } }) },
      ['the file body.photo is refused now', 'the file body.picture is required now'],
    ],
    [
      'a file that may be left out',
      photos,
      { ...photos, body: form({ ...photos.body, files: { photo: { ...photo, optional: true } } }) },
      [],
    ],
    [
      'a field less',
      photos,
      { ...photos, body: form({ ...photos.body, fields: z.object({ title: z.string() }) }) },
      ['body.tag is refused now'],
    ],
    ['lines with a schema', lines(), rows(Row), ['each line of body has a schema now, and had none']],
    ['lines without one', rows(Row), lines(), []],
    ['longer lines, and more in them', rows(Row), rows(Row.extend({ m: z.int().optional() }), 200), []],
    [
      'shorter lines, and other ones',
      rows(Row),
      rows(z.object({ n: z.string() }), 99),
      ['a line of body may have 99 bytes now, and had 100', 'item.n may not be a whole number any more'],
    ],
    [
      'other items',
      list,
      { ...list, reply: { status: 200, stream: { type: 'application/x-ndjson', item: z.object({ n: z.string() }) } } },
      ['item.n may be a string now'],
    ],
    [
      'another type of reply',
      list,
      { ...list, reply: { status: 200, stream: { type: 'text/csv' } } },
      ['the reply is text/csv now, and was application/x-ndjson'],
    ],
    [
      'a reply that is whole',
      list,
      { ...list, reply: { status: 200, body: z.array(z.int()) } },
      ['the reply is JSON now, and was application/x-ndjson'],
    ],
  ])('%s', (_what, before, after, sentences) => {
    expect(diff(before, after)).toEqual(sentences)
  })
})
