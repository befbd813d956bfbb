import { access, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ContractPattern, ContractSet } from '../contract/index.ts'
import { checkPatterns } from '../deploy/check-patterns.ts'
import { checkSchedules } from '../deploy/check-schedules.ts'
import { findFunctions } from '../deploy/load-contracts.ts'
import { platformModule } from '../deploy/platform-files.ts'
import { runBundle } from '../protocol/contracts-file.ts'
import { type Bundle, type Chunk, replaceFile, writeChunk } from './write-chunk.ts'

/** Which contracts a bundle holds, and the version that its OpenAPI document states. */
export interface BundleContractsOptions {
  readonly version: string
  /** The functions whose contracts are read from their sources; default: all. */
  readonly names?: readonly string[]
  /** Functions whose contracts are taken from an earlier bundle, with the file of that bundle. */
  readonly kept?: ReadonlyMap<string, string>
}

/**
 * Bundles contracts for gateway and relay, as `contracts-<hash>.cjs`. Rejects with a ContractError where they do not load, or
 * where one has a pattern whose matching could block the gateway, or a cron that cannot be read.
 */
export async function bundleContracts(
  project: string,
  folder: string,
  { version, names, kept = new Map() }: BundleContractsOptions,
): Promise<Bundle & Pick<Chunk, 'bytesOf'>> {
  const entry = contractsEntry(names ?? (await findFunctions(project)), kept)
  const api = await apiEntry(project, version)
  const contents = `${api}\n${entry}\n${await plansEntry(project)}\n${await pricesEntry(project)}\n${DOCUMENTS}`
  const stdin = { contents, resolveDir: project, loader: 'ts', sourcefile: 'contracts.ts' } as const
  const external = [...kept.values()]
  const { file, hash, inputs, bytesOf } = await writeChunk(project, folder, 'contracts', {
    stdin,
    keepNames: true,
    external,
  })
  const { patterns, subscriptions, routes } = runBundle<Checked>(await readFile(file, 'utf8'), file)
  checkSchedules(subscriptions ?? [])
  // The engine is loaded where there is something for it.
  if (routes?.some(({ graphql }) => graphql)) (await import('./check-operations.ts')).checkOperations(routes)
  await checkPatterns(patterns?.() ?? [])
  return { file, revision: hash, inputs, bytesOf }
}

interface Checked extends Pick<ContractSet, 'subscriptions' | 'routes'> {
  patterns(): readonly ContractPattern[]
}

/** Bundles contracts so that each loads by itself: exports `contracts`, and `errors` with what those threw that do not load. */
export async function bundleContractsSeparately(
  project: string,
  folder: string,
  names: readonly string[],
): Promise<Bundle> {
  const tries = names.map((name) => {
    const key = JSON.stringify(name)
    return `try { contracts[${key}] = require('./functions/${name}/contract.ts').default } catch (error) { errors[${key}] = error }`
  })
  const contents = ['export const contracts = {}, errors = {}', ...tries].join('\n')
  const stdin = { contents, resolveDir: project, loader: 'ts', sourcefile: 'contracts-apart.ts' } as const
  const { file, hash, inputs } = await writeChunk(project, folder, 'contracts-apart', { stdin, keepNames: true })
  return { file, revision: hash, inputs }
}

/** Lets the current file name a bundle beside it, atomically: a reader sees the old or the new name. */
export const replacePointer = (pointer: string, { file }: Bundle): Promise<void> => replaceFile(pointer, basename(file))

function contractsEntry(names: readonly string[], kept: ReadonlyMap<string, string>): string {
  const imports = names.map((name, i) => `import * as c${i} from './functions/${name}/contract.ts'`)
  const contracts = [
    ...[...kept].map(
      ([name, file]) => `${JSON.stringify(name)}: require(${JSON.stringify(file)}).contracts[${JSON.stringify(name)}]`,
    ),
    ...names.map((name, i) => `${JSON.stringify(name)}: c${i}.default`),
  ]
  return `
    import { contractSet } from ${platformSource('src/contract/contract-set')}
    import { withDefaultObjective } from ${platformSource('src/contract/default-objective')}
    import { patternsOf } from ${platformSource('src/contract/patterns-of')}
    ${imports.join('\n')}
    export const contracts = { ${contracts.join(', ')} }
    const set = contractSet(contracts, undefined)
    export const routes = withDefaultObjective(set.routes, contracts, api.objective)
    export const { subscriptions, authorizers, internals, validate, validateEvent, webhookEvents, endpointFields, replyChecks } = set
    export const patterns = () => patternsOf(Object.values(contracts))`
}

/** The plans of domain/plans.ts, where it exists. */
const plansEntry = async (project: string): Promise<string> =>
  (await exists(project, PLANS_FILE))
    ? `import { plans } from './${PLANS_FILE}'\nexport { plans }`
    : 'export const plans = {}'

/** The prices of domain/prices.ts, where it exists. */
const pricesEntry = async (project: string): Promise<string> =>
  (await exists(project, PRICES_FILE)) ? `export { prices } from './${PRICES_FILE}'` : ''

/** What domain/api.ts says about the API, where it exists. */
const apiEntry = async (project: string, version: string): Promise<string> =>
  (await exists(project, API_FILE))
    ? `import { api } from './${API_FILE}'`
    : `const api = ${JSON.stringify({ version })}`

const exists = (project: string, file: string): Promise<boolean> =>
  access(join(project, file)).then(
    () => true,
    () => false,
  )

/** The specifier of a module of the platform, as a string literal. */
const platformSource = (name: string) => JSON.stringify(platformModule(name))

/** The OpenAPI and the AsyncAPI document, with what is said about the API. */
const DOCUMENTS = `
    import { asyncapi as renderEvents } from ${platformSource('src/deploy/asyncapi')}
    import { contractsData } from ${platformSource('src/deploy/contracts-data')}
    import { openapi as render } from ${platformSource('src/deploy/openapi')}
    import { toolDescriptions as renderTools } from ${platformSource('src/deploy/tool-descriptions')}
    const hasPlans = Object.keys(plans).length > 0
    export const data = () => contractsData(contracts)
    export const tools = renderTools(Object.values(contracts))
    export const openapi = render(Object.values(contracts), { ...api, withOwnKeys: true, hasPlans })
    export const asyncapi = renderEvents(Object.values(contracts), api)`

const API_FILE = 'domain/api.ts'
const PLANS_FILE = 'domain/plans.ts'
const PRICES_FILE = 'domain/prices.ts'
/** What is read with the contracts where it exists: until then it is an input of no bundle. */
export const OPTIONAL_SOURCES: readonly string[] = [API_FILE, PLANS_FILE, PRICES_FILE]
