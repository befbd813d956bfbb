import { describe, expect, it } from '@jest/globals'
import { render } from '../../src/deploy/render/index.ts'
import { fixture, SERVICES } from './fixture.ts'

const files = render(fixture, { services: SERVICES })
const pro = render(fixture, { services: SERVICES, openfaas: 'pro' })

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
  expect(render(reversed, { services: SERVICES })).toEqual(files)
})

it('differs by edition of OpenFaaS in nothing but stack.yml', () => {
  expect({ ...pro, 'stack.yml': '' }).toEqual({ ...files, 'stack.yml': '' })
})
