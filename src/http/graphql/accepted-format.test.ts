import { expect, it } from '@jest/globals'
import { acceptedFormat } from './accepted-format.ts'

const CURRENT = 'incrementalSpec=v0.2'
const LEGACY = 'deferSpec=20220824'

it.each([
  [
    'Apollo Client 4.1',
    'multipart/mixed;incrementalSpec=v0.2,application/graphql-response+json,application/json;q=0.9',
    CURRENT,
  ],
  ['Apollo Client before it', 'multipart/mixed;deferSpec=20220824,application/json', LEGACY],
  ['urql', 'application/graphql-response+json, application/json, text/event-stream, multipart/mixed', CURRENT],
  ['who takes both', 'multipart/mixed; deferSpec="20220824", multipart/mixed; incrementalSpec=v0.2', CURRENT],
  ['who takes neither', 'application/json', undefined],
  ['who takes anything', '*/*', undefined],
  ['who refuses it', 'application/json, multipart/mixed;q=0', undefined],
  ['who wants a format of another time', 'multipart/mixed;incrementalSpec=v9.9', undefined],
  ['who wants another draft', 'multipart/mixed;deferSpec=20191111', undefined],
  ['who says nothing', undefined, undefined],
])('%s', (_, accept, format) => {
  expect(acceptedFormat(accept)).toBe(format)
})
