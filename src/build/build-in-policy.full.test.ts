import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyCheckout } from '../../test/support/checkout.ts'
import { bundleFunction } from './bundle-function.ts'

let root: string
let remove: () => Promise<void>
beforeAll(async () => {
  const copy = await copyCheckout({})
  root = copy.root
  remove = copy.remove
})
afterAll(() => remove())

const bundle = (name: string) => bundleFunction(root, name, join(root, 'dist'))
const errorsOf = async (name: string) => {
  const error: unknown = await bundle(name).catch((error: unknown) => error)
  const { errors = [] } = Object(error) as {
    errors?: readonly { text: string; location: { file: string; line: number } | null }[]
  }
  return errors.map(({ text, location }) => (location ? `${location.file}:${location.line}: ${text}` : text))
}
const POLICY = 'domain/policy/policy.csv'

describe('a function that uses the policy', () => {
  it('has its lines, and is another one where they change', async () => {
    const first = await bundle('cancel-order')
    expect(await readFile(first.parts.main?.file ?? '', 'utf8')).toContain('r.object.cents <= 100000')
    expect([...first.inputs].filter((file) => file.includes('/domain/policy/')).sort()).toEqual(
      ['model.conf', 'policy.csv'].map((file) => join(root, 'domain/policy', file)),
    )
    const text = await readFile(join(root, POLICY), 'utf8')
    await writeFile(join(root, POLICY), text.replace('100000', '200000'))
    const second = await bundle('cancel-order')
    expect(second.revision).not.toBe(first.revision)
    expect(await readFile(second.parts.main?.file ?? '', 'utf8')).toContain('r.object.cents <= 200000')
  })

  it('is not built where a line is wrong: file and line say where', async () => {
    await writeFile(join(root, POLICY), '\np, merchant, cancle, order\np, merchant, cancel, order, r.object.cents <\n')
    expect(await errorsOf('cancel-order')).toEqual([
      'domain/policy/policy.csv:2: type order has no action cancle in model.conf; there are list, read, cancel, refund',
    ])
    await writeFile(join(root, POLICY), 'p, merchant, cancel, order, r.object.cents <\n')
    expect(await errorsOf('cancel-order')).toEqual([
      'domain/policy/policy.csv:1: Expected expression after < in "r.object.cents <"',
    ])
  })

  it('is not built without a policy, unless an Open Policy Agent has one', async () => {
    await rm(join(root, 'domain/policy'), { recursive: true })
    expect(await errorsOf('cancel-order')).toEqual([
      'a handler uses `policy`, and there is no domain/policy/model.conf with a policy.csv',
    ])
    await mkdir(join(root, 'domain/policy'))
    await writeFile(join(root, 'domain/policy/shop.rego'), 'package shop\n')
    expect(await errorsOf('cancel-order')).toEqual([])
  })
})

it('a function that does not is the same whatever the policy says', async () => {
  await writeFile(join(root, POLICY), 'nonsense\n')
  const { inputs, parts } = await bundle('list-products')
  expect([...inputs].filter((file) => file.includes('policy.csv'))).toEqual([])
  expect(Object.keys(parts)).not.toContain('casbin')
})
