import { expect, it } from '@jest/globals'
import { decodeResponse, encodeResponse } from './encode-response.ts'
import { testResponse } from './test-support.ts'

it('a response comes back as it was; one of another version does not', () => {
  const response = testResponse({ body: Buffer.from([0, 255, 10, 13]), selectedBy: [['accept', null]], tags: ['ä'] })
  const bytes = encodeResponse({ response, snapshot: '1:2:' })
  expect(decodeResponse(bytes)).toEqual({ response, snapshot: '1:2:' })
  bytes[0] = 2
  expect(decodeResponse(bytes)).toBeUndefined()
  expect(decodeResponse(Buffer.alloc(0))).toBeUndefined()
})
