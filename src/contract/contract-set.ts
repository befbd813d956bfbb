import { ContractFault } from './contract-fault.ts'
import { type AnyContract, describeEndpoint, describeSubscriber, type Route, type Subscription } from './describe.ts'
import { toPattern } from './pattern.ts'
import { type RawInput, type Validated, validator } from './validate.ts'

/** All contracts of one Ebb as gateway and relay see them: data, and one function that judges a request. */
export interface ContractSet {
  readonly routes: readonly Route[]
  readonly subscriptions: readonly Subscription[]
  readonly openapi: unknown
  /** Judges a request to the endpoint of that name. */
  validate(name: string, raw: RawInput): Validated
}

/** Brings contracts together. Throws a ContractFault where two of them claim the same name or the same requests. */
export function contractSet(contracts: readonly AnyContract[], openapi: unknown): ContractSet {
  const routes: Route[] = []
  const subscriptions: Subscription[] = []
  const validators = new Map<string, (raw: RawInput) => Validated>()
  const takenBy = new Map<string, string>()
  for (const contract of contracts) {
    const claims = [contract.name, ...(contract.kind === 'endpoint' ? [requestsOf(contract)] : [])]
    for (const claim of claims) {
      const other = takenBy.get(claim)
      if (other)
        throw new ContractFault(contract.name, `functions/${other} already has ${claim}; change one of the two`)
      takenBy.set(claim, contract.name)
    }
    if (contract.kind === 'subscriber') subscriptions.push(describeSubscriber(contract))
    else {
      routes.push(describeEndpoint(contract))
      validators.set(contract.name, validator(contract))
    }
  }
  const validate = (name: string, raw: RawInput): Validated =>
    validators.get(name)?.(raw) ?? { ok: false, faults: [{ path: 'name', message: `No endpoint is called ${name}` }] }
  return { routes, subscriptions, openapi, validate }
}

/** The same for all templates that match the same paths. */
const requestsOf = ({ method, path }: { method: string; path: string }) =>
  `${method} ${toPattern(path).template.replaceAll(/\{\w+\}/g, '{}')}`
