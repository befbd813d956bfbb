import { describe, expect, it } from '@jest/globals'
import { render } from '../../src/deploy/render/index.ts'
import { fixture, OPTIONS, USES } from './fixture.ts'

const files = render(fixture, { ...OPTIONS, uses: USES })
const pro = render(fixture, { ...OPTIONS, uses: USES, openfaas: 'pro' })

describe('what is rendered from the contracts', () => {
  it.each(Object.keys(files))('%s', (name) => {
    expect(files[name]).toMatchSnapshot()
  })

  it('stack.yml for OpenFaaS Pro', () => {
    expect(pro['stack.yml']).toMatchSnapshot()
  })
})

it('is the same however the contracts are ordered', () => {
  const reversed = Object.fromEntries(Object.entries(fixture).reverse())
  expect(render(reversed, { ...OPTIONS, uses: USES })).toEqual(files)
})

it('differs by edition of OpenFaaS in nothing but stack.yml', () => {
  expect({ ...pro, 'stack.yml': '' }).toEqual({ ...files, 'stack.yml': '' })
})
