import { expect, it } from '@jest/globals'
import { fingerprint } from './idempotency.ts'

const print = (cookie: string, contractCookies: readonly string[] | undefined = ['session']) =>
  Buffer.from(
    fingerprint({
      ...{ method: 'POST', target: '/v1/orders', contractHeaders: [], contractCookies, body: new Uint8Array() },
      headers: { cookie: [cookie] },
    }),
  ).toString('hex')

it('a request with another cookie that the contract names is another request', () => {
  expect(print('session=ada')).not.toBe(print('session=eve'))
  expect(print('session=ada')).not.toBe(print(''))
  expect(print('session=ada; seen=1')).toBe(print('seen=2; session=ada'))
  expect(print('session=ada', [])).toBe(print('session=eve', []))
})
