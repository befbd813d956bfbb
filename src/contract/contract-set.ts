import { ContractFault } from './contract-fault.ts'
import { type AnyContract, describeEndpoint, describeSubscriber, type Route, type Subscription } from './describe.ts'
import { toPattern } from './pattern.ts'
import { eventValidator, type JudgedEvent, type RawInput, type Validated, validator } from './validate.ts'

/** All contracts of one Ebb as gateway and relay see them: data, and what judges a request or an event by them. */
export interface ContractSet {
  readonly routes: readonly Route[]
  readonly subscriptions: readonly Subscription[]
  readonly openapi: unknown
  /** Judges a request to the endpoint of that name. */
  validate(name: string, raw: RawInput): Validated
  /** Judges an event's data as the subscriber of that name would take them in. */
  validateEvent(consumer: string, data: unknown): JudgedEvent
}

/**
 * Brings contracts together, by the folders that hold them. Throws a ContractFault where one is named otherwise than its
 * folder, or two claim the same requests.
 */
export function contractSet(contracts: Readonly<Record<string, AnyContract>>, openapi: unknown): ContractSet {
  const routes: Route[] = []
  const subscriptions: Subscription[] = []
  const validators = new Map<string, (raw: RawInput) => Validated>()
  const eventValidators = new Map<string, (data: unknown) => JudgedEvent>()
  const takenBy = new Map<string, string>()
  for (const [folder, contract] of Object.entries(contracts)) {
    if (contract?.kind !== 'endpoint' && contract?.kind !== 'subscriber') {
      throw new ContractFault(folder, 'its default export must be an endpoint() or a subscriber()')
    }
    if (contract.name !== folder)
      throw new ContractFault(folder, `its name is "${contract.name}"; give it its folder's name`)
    if (contract.kind === 'endpoint') {
      const requests = requestsOf(contract)
      const other = takenBy.get(requests)
      if (other)
        throw new ContractFault(folder, `functions/${other} already answers ${requests}; change one of the two`)
      takenBy.set(requests, folder)
    }
    if (contract.kind === 'subscriber') {
      subscriptions.push(describeSubscriber(contract))
      eventValidators.set(contract.name, eventValidator(contract))
    } else {
      routes.push(describeEndpoint(contract))
      validators.set(contract.name, validator(contract))
    }
  }
  const validate = (name: string, raw: RawInput): Validated =>
    validators.get(name)?.(raw) ?? { ok: false, faults: [{ path: 'name', message: `No endpoint is called ${name}` }] }
  const validateEvent = (consumer: string, data: unknown): JudgedEvent =>
    eventValidators.get(consumer)?.(data) ?? {
      ok: false,
      faults: [{ path: 'consumer', message: `No subscriber is called ${consumer}` }],
    }
  return { routes, subscriptions, openapi, validate, validateEvent }
}

/** The same for all templates that match the same paths. */
const requestsOf = ({ method, path }: { method: string; path: string }) =>
  `${method} ${toPattern(path).template.replaceAll(/\{\w+\}/g, '{}')}`
