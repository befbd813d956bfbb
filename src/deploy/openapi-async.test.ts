import { expect, it } from '@jest/globals'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import * as z from 'zod'
import { endpoint } from '../contract/index.ts'
import { openapi } from './openapi.ts'

const parts = { method: 'POST', reply: { status: 201, body: z.object({}) }, access: {} } as const
const report = endpoint({ ...parts, name: 'make-report', summary: 'Make a report.', path: '/v1/reports', async: true })
const order = endpoint({
  ...{ ...parts, name: 'place-order', summary: 'Take an order.', path: '/v1/orders', async: true, idempotent: true },
})
const mail = endpoint({ ...parts, name: 'send-mail', summary: 'Send a mail.', path: '/v1/mails' })

interface Operation {
  readonly parameters: readonly { readonly name: string; readonly required: boolean }[]
  readonly responses: object
}
const paths = (...contracts: Parameters<typeof openapi>[0]) =>
  openapi(contracts, { version: '1' }).paths as Record<string, Record<string, Operation>>

it('an asynchronous endpoint documents it, with the address of its state', () => {
  const { '/v1/reports': reports, '/v1/orders': orders, '/v1/invocations/{id}': state } = paths(report, order, mail)
  const named = (operation: Operation | undefined) =>
    operation?.parameters.map(({ name, required }) => [name, required])
  expect(named(reports?.post)).toEqual([
    ['Prefer', false],
    ['Ebb-Callback', false],
    ['Idempotency-Key', false],
  ])
  expect(named(orders?.post)).toEqual([
    ['Idempotency-Key', true],
    ['Prefer', false],
    ['Ebb-Callback', false],
  ])
  for (const one of [reports, orders])
    expect(Object.keys(one?.post?.responses ?? {})).toEqual(expect.arrayContaining(['202', '201', '409', '422']))
  expect(Object.keys(state?.get?.responses ?? {})).toEqual(
    expect.arrayContaining(['200', '204', '400', '401', '404', '410', '500', '503']),
  )
  expect(Object.keys(state?.delete?.responses ?? {})).toEqual(expect.arrayContaining(['200', '404', '409', '410']))
  const { '/v1/invocations': list } = paths(report)
  expect(named(list?.get)).toEqual([
    ['limit', false],
    ['before', false],
    ['state', false],
  ])
})

it('documents nothing of it where no endpoint is asynchronous', () => {
  expect(Object.keys(paths(mail))).toEqual(['/v1/mails'])
  expect(JSON.stringify(paths(mail))).not.toMatch(/respond-async|"202"/)
})

it('and passes an independent linter', async () => {
  const config = await createConfig({ extends: ['recommended'] })
  const source = JSON.stringify(openapi([report, order, mail], { version: '1' }))
  const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config })
  expect(problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)).toEqual([])
})
