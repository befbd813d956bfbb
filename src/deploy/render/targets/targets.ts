import type { AnyContract } from '../../../contract/index.ts'
import type { Store } from '../../../kernel/index.ts'
import type { Chart } from '../chart.ts'
import { cloudRun } from './cloud-run.ts'
import { containerApps } from './container-apps.ts'
import { flagger } from './flagger.ts'
import { samTemplate } from './sam.ts'
import { type TargetFunction, targetFunctions } from './target-function.ts'

/** The platforms outside of a cluster, and what may run functions in one, that `ebb render --target` writes files for, each in a folder of its own. */
export const TARGETS = ['sam', 'cloud-run', 'container-apps', 'flagger'] as const
export type Target = (typeof TARGETS)[number]

interface TargetOptions extends Numbers {
  /** The stores that each function uses. Default: all of them. */
  readonly uses?: Readonly<Record<string, readonly Store[]>>
}

interface Numbers {
  /** The connections of each instance to Postgres. */
  readonly poolMax: number
  /** The numbers of the Helm chart. */
  readonly chart: Chart
}

type Files = Readonly<Record<string, string>>

const RENDERERS: Readonly<Record<Target, (functions: readonly TargetFunction[], numbers: Numbers) => Files>> = {
  sam: (functions, numbers) => ({ 'template.yaml': samTemplate(functions, numbers) }),
  'cloud-run': cloudRun,
  'container-apps': (functions, numbers) => ({ 'template.json': containerApps(functions, numbers) }),
  flagger,
}

/**
 * Renders the files of one of these platforms, by path in the checkout: the functions, and what the platform cannot do, in the files'
 * heads. Throws a RenderError, and a ContractError where contracts contradict each other.
 */
export function renderTarget(
  target: Target,
  contracts: Readonly<Record<string, AnyContract>>,
  { uses, ...numbers }: TargetOptions,
): Files {
  const files = RENDERERS[target](targetFunctions(contracts, uses), numbers)
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`targets/${target}/${name}`, text]))
}
