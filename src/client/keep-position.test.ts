import { expect, it } from '@jest/globals'
import { createClient } from './index.ts'
import { json, listOrders, removeOrders, scriptedServer } from './test-support.ts'

const server = await scriptedServer()
const { baseUrl, requests, respondWith } = server

it('reads of a client bring the position of its latest write, whichever response came last', async () => {
  const client = createClient({ listOrders, removeOrders }, { baseUrl })
  const written = (position: string) => json(204, undefined, { 'ebb-position': position })
  respondWith(json(200, []), written('A/0'), written('9/FF'), json(200, []))
  await client.listOrders()
  await client.removeOrders()
  await client.removeOrders()
  await client.listOrders()
  expect(requests.map(({ headers }) => headers['ebb-position'])).toEqual([undefined, undefined, 'A/0', 'A/0'])
})
