import { checkKeys, type Refuse } from './check-common.ts'
import { ContractError } from './contract-error.ts'
import type { Resources } from './deployment-shape.ts'
import { bytesOf, cpusOf } from './quantities.ts'

/**
 * What the operator pays, in units of a currency (not in cents), for what functions reserve and callers get. What is left out
 * costs nothing.
 * @example
 * const sheet: PriceSheetShape = { currency: 'EUR', perVcpuSecond: 0.000024, perGibSecond: 0.0000025, databasePerHour: 0.08 }
 */
export interface PriceSheetShape {
  /** Three letters (ISO 4217), such as `EUR`. */
  readonly currency: string
  /** Of a CPU that an instance reserves (`resources.requests.cpu`) for a second. */
  readonly perVcpuSecond: number
  /** Of a GiB of memory that it reserves for a second. */
  readonly perGibSecond: number
  /** Of a million requests that come to the gateway. */
  readonly perMillionRequests?: number
  /** Of a GB (10^9 bytes) of responses that are sent to callers. */
  readonly perGbSent?: number
  /** Of the whole database for an hour, storage and replicas included. */
  readonly databasePerHour?: number
  /** What a gateway and a relay reserve (default: what the chart gives them). */
  readonly services?: { readonly gateway?: Reserved; readonly relay?: Reserved }
}

/**
 * What a process reserves, in Kubernetes' quantities.
 * @example const reserved: Reserved = { cpu: '100m', memory: '128Mi' }
 */
export type Reserved = Required<NonNullable<Resources['requests']>>

/**
 * A price sheet with its defaults resolved: what {@link definePrices} returns, and the gateway reads.
 * @example const reserved = (prices: PriceSheet) => prices.services.gateway.memory
 */
export interface PriceSheet extends Required<Omit<PriceSheetShape, 'services'>> {
  /** What a gateway and a relay reserve. */
  readonly services: { readonly gateway: Reserved; readonly relay: Reserved }
}

/** What the chart gives to the services. */
export const SERVICE_RESOURCES = {
  gateway: { cpu: '100m', memory: '128Mi' },
  relay: { cpu: '50m', memory: '128Mi' },
} as const

const RATES = ['perVcpuSecond', 'perGibSecond', 'perMillionRequests', 'perGbSent', 'databasePerHour'] as const
const SERVICES = ['gateway', 'relay'] as const

/**
 * Declares what running costs, in domain/prices.ts: `ebb cost` and the admin API price by it what functions, gateways and relays
 * have used. Throws a {@link ContractError} for a sheet that cannot be applied.
 * @example
 * export const prices = definePrices({ currency: 'USD', perVcpuSecond: 0.000024, perGibSecond: 0.0000025, perMillionRequests: 0.4 })
 * @see docs/guide/52-cost.md
 */
export function definePrices(shape: PriceSheetShape): PriceSheet {
  const refuse: Refuse = (broken, sentence) => {
    if (broken) throw new ContractError('?', sentence, { file: 'domain/prices.ts' })
  }
  checkKeys(shape, ['currency', ...RATES, 'services'], refuse)
  const { currency, services = {}, ...rates } = shape
  refuse(!/^[A-Z]{3}$/.test(currency), 'currency must be a code of ISO 4217, such as EUR')
  const sheet = { perMillionRequests: 0, perGbSent: 0, databasePerHour: 0, ...rates }
  for (const name of RATES)
    refuse(!(Number.isFinite(sheet[name]) && sheet[name] >= 0), `${name} must be a number of at least 0`)
  checkKeys(services, SERVICES, refuse)
  for (const name of SERVICES) checkReserved(name, services[name] ?? SERVICE_RESOURCES[name], refuse)
  return { ...sheet, currency, services: { ...SERVICE_RESOURCES, ...services } }
}

function checkReserved(name: string, reserved: Reserved, refuse: Refuse) {
  checkKeys(reserved, ['cpu', 'memory'], refuse)
  const { cpu, memory } = reserved
  refuse(!(cpusOf(cpu) > 0), `services.${name}.cpu "${cpu}" must be like 250m or 0.5`)
  refuse(!(bytesOf(memory) > 0), `services.${name}.memory "${memory}" must be like 128Mi or 1Gi`)
}
