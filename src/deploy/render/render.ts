import { type AnyContract, contractSet, describePlacement, type Placement } from '../../contract/index.ts'
import { STORES, type Store } from '../../kernel/index.ts'
import { bake } from './bake.ts'
import { chartFunctions } from './chart-functions.ts'
import { knativeFaults } from './knative-service.ts'
import { kustomize, kustomizeFaults } from './kustomize.ts'
import { type OpenfaasEdition, openfaasFaults, openfaasStack } from './openfaas.ts'
import { TAKEN_NAMES, TAKEN_SETTINGS } from './platform.ts'
import { cannot, RenderFault } from './render-fault.ts'
import { type Sizing, sizingFaults, USUAL_SIZING } from './sizing.ts'
import { skaffold } from './skaffold.ts'

export interface RenderOptions extends Partial<Sizing> {
  /** The always-on parts that have images. */
  readonly services: readonly string[]
  /** What of the platform each function uses; all of it unless told. */
  readonly uses?: Readonly<Record<string, readonly Store[]>>
  /** The Community Edition unless told. */
  readonly openfaas?: OpenfaasEdition
}

/**
 * Everything that clusters and their tools need, by path below the checkout. The same contracts and options give the same
 * texts. Throws a RenderFault with all that a target cannot express, and a ContractFault where contracts contradict.
 */
export function render(
  contracts: Readonly<Record<string, AnyContract>>,
  { services, uses = {}, openfaas: edition = 'ce', ...given }: RenderOptions,
): Readonly<Record<string, string>> {
  contractSet(contracts, undefined)
  const names = Object.keys(contracts).sort()
  const placements = names.flatMap((name) =>
    contracts[name] ? [{ ...describePlacement(contracts[name]), uses: uses[name] ?? STORES }] : [],
  )
  const sizing = { ...USUAL_SIZING, ...given }
  const faults = [
    ...placements.flatMap((placement) => [...nameFaults(placement), ...knativeFaults(placement)]),
    ...openfaasFaults(placements, { edition }),
    ...kustomizeFaults({ services }),
    ...sizingFaults(placements, sizing),
  ]
  if (faults.length > 0) throw new RenderFault(faults)
  return {
    ...kustomize(placements, { services, sizing }),
    'stack.yml': openfaasStack(placements, { edition, poolMax: sizing.poolMax }),
    'skaffold.yaml': skaffold(placements, { services }),
    'docker-bake.hcl': bake(placements, { services }),
    'charts/ebb/functions.yaml': chartFunctions(placements),
  }
}

/** What would stand in the place of something of the platform's own, on every target. */
function nameFaults({ name, secrets }: Placement): readonly string[] {
  const taken = TAKEN_NAMES.includes(name)
  const ofName = taken ? [cannot(name, 'name', 'every cluster', 'has a part of the platform under this name')] : []
  const platforms = secrets.filter((secret) => TAKEN_SETTINGS.includes(secret) || /^(EBB|OTEL)_/.test(secret))
  const ofSecrets = platforms.map((secret) =>
    cannot(name, 'secrets', 'every cluster', `sets ${secret} by itself; give the secret another name`),
  )
  return [...ofName, ...ofSecrets]
}
