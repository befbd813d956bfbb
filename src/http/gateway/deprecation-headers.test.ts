import { expect, it } from '@jest/globals'
import { deprecationHeaders } from './deprecation-headers.ts'

const routes = [{ name: 'get-new', path: '/v2/shops/{shop}/orders/{id}' }]
const given = { since: '2026-11-30', sunset: '2027-06-01', use: 'get-new' }

it('says since when, until when, and where to go with the same parameters', () => {
  expect(deprecationHeaders({ deprecated: given }, { shop: ['a/b'], id: ['7'] }, routes)).toEqual({
    deprecation: '@1795996800',
    sunset: 'Tue, 01 Jun 2027 00:00:00 GMT',
    link: '</v2/shops/a%2Fb/orders/7>; rel="successor-version"',
  })
})

it('names no address that lacks a parameter, and nothing that the contract does not say', () => {
  expect(deprecationHeaders({ deprecated: given }, { id: ['7'] }, routes)).not.toHaveProperty('link')
  expect(deprecationHeaders({ deprecated: { since: '2026-11-30' } }, {}, routes)).toEqual({
    deprecation: '@1795996800',
  })
  expect(deprecationHeaders({}, {}, routes)).toEqual({})
})
