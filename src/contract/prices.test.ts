import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { pricePerSecond, sizeOf } from './price-of.ts'
import { definePrices, type PriceSheetShape, SERVICE_RESOURCES } from './prices.ts'

const sheet: PriceSheetShape = { currency: 'EUR', perVcpuSecond: 0.000024, perGibSecond: 0.0000025 }

it('what is left out costs nothing, and services reserve what the chart gives them', () => {
  expect(definePrices(sheet)).toEqual({
    ...sheet,
    ...{ perMillionRequests: 0, perGbSent: 0, databasePerHour: 0, services: SERVICE_RESOURCES },
  })
  const values = readFileSync('charts/ebb/values.yaml', 'utf8')
  for (const [name, { cpu, memory }] of Object.entries(SERVICE_RESOURCES)) {
    const [, ofService = ''] = values.split(`\n${name}:\n`)
    expect(/requests: \{.*\}/.exec(ofService)?.[0]).toBe(`requests: { cpu: ${cpu}, memory: ${memory} }`)
  }
})

it('a second of an instance costs what it reserves of CPU and memory', () => {
  expect(sizeOf({ cpu: '250m', memory: '512Mi' })).toEqual({ cpuMilli: 250, memoryMib: 512 })
  expect(sizeOf({ cpu: '1.5', memory: '1Gi' })).toEqual({ cpuMilli: 1_500, memoryMib: 1_024 })
  const prices = definePrices({ ...sheet, perVcpuSecond: 4, perGibSecond: 2 })
  expect(pricePerSecond({ cpuMilli: 250, memoryMib: 512 }, prices)).toBe(2)
})

it.each<[object, string]>([
  [{ perGbSecond: 1 }, 'unknown property `perGbSecond`'],
  [{ currency: 'euro' }, 'currency must be a code of ISO 4217, such as EUR'],
  [{ perVcpuSecond: -1 }, 'perVcpuSecond must be a number of at least 0'],
  [{ perGibSecond: Number.NaN }, 'perGibSecond must be a number of at least 0'],
  [{ databasePerHour: '1' }, 'databasePerHour must be a number of at least 0'],
  [{ services: { console: {} } }, 'unknown property `console`; allowed: gateway, relay'],
  [{ services: { relay: { cpu: '0', memory: '1Gi' } } }, 'services.relay.cpu "0" must be like 250m or 0.5'],
  [{ services: { gateway: { cpu: '1', memory: '1 GB' } } }, 'services.gateway.memory "1 GB" must be like 128Mi or 1Gi'],
])('%j is refused', (part, sentence) => {
  expect(() => definePrices({ ...sheet, ...part })).toThrow(`domain/prices.ts: ${sentence}`)
})
