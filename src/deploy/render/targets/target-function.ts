import {
  type AnyContract,
  contractSet,
  describeDeployment,
  describeEndpoint,
  describeSubscriber,
  type FunctionContract,
  isFunction,
  type Route,
  type Subscription,
} from '../../../contract/index.ts'
import { STORES, type Store } from '../../../kernel/index.ts'
import { type DeployedFunction, STORE_SECRETS } from '../platform.ts'

/** A function as the platforms outside of a cluster read it. */
export interface TargetFunction extends DeployedFunction {
  /** Of an endpoint. */
  readonly route: Route | undefined
  /** Of a subscriber. */
  readonly subscription: Subscription | undefined
}

/** All functions of these contracts, by their names. Throws a ContractError where contracts contradict each other. */
export function targetFunctions(
  contracts: Readonly<Record<string, AnyContract>>,
  uses: Readonly<Record<string, readonly Store[]>> = {},
): readonly TargetFunction[] {
  const { routes } = contractSet(contracts, undefined)
  const describe = (contract: FunctionContract): TargetFunction => ({
    ...describeDeployment(contract),
    uses: uses[contract.name] ?? STORES,
    route:
      contract.kind === 'endpoint'
        ? (routes.find(({ name }) => name === contract.name) ?? describeEndpoint(contract))
        : undefined,
    subscription: contract.kind === 'subscriber' ? describeSubscriber(contract) : undefined,
  })
  return Object.values(contracts)
    .filter(isFunction)
    .map(describe)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The secrets that a function gets from the platform's own: the addresses of its stores, and the keys that it believes. */
export const platformSecretsOf = ({ uses }: Pick<DeployedFunction, 'uses'>): readonly string[] => [
  ...[...uses].sort().map((store) => STORE_SECRETS[store]),
  'EBB_IDENTITY_JWKS',
]

/** Lines of a comment that say what a file leaves out. */
export const headOf = (about: string, ofAll: readonly string[], ofFunctions: readonly string[]): string =>
  [
    about,
    '',
    'What this platform cannot do as a cluster does:',
    ...ofAll.map((sentence) => `- ${sentence}`),
    ...(ofFunctions.length > 0
      ? ['', 'and of what the contracts say:', ...ofFunctions.map((sentence) => `- ${sentence}`)]
      : []),
  ].join('\n')
