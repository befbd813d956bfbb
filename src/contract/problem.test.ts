import { expect, it } from '@jest/globals'
import { Problem, problemJson } from './problem.ts'

it('a problem says the same to clients of Ebb and of RFC 9457', () => {
  const details = [{ path: 'body.sku', message: 'Gone' }]
  const problem = new Problem('out_of_stock', 409, 'Sold out.', { details })
  expect(JSON.parse(problemJson(problem, 'call-0001'))).toEqual({
    ...{ status: 409, error: 'out_of_stock', message: 'Sold out.', correlationId: 'call-0001', details },
    ...{ type: '/docs/problems/out_of_stock', title: 'Out of stock', detail: 'Sold out.' },
    instance: '/docs/problems/out_of_stock#call-0001',
  })
})
