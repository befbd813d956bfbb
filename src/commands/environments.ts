import type { AnyContract } from '../contract/index.ts'
import { isFunction } from '../contract/index.ts'
import { chartValuesOf, createValuesCheck, type Environment, readEnvironments } from '../deploy/environments/index.ts'
import { importContracts } from '../deploy/import-sources.ts'
import { PLATFORM } from '../deploy/platform-files.ts'
import { toYaml, yamlFile } from '../deploy/render/index.ts'
import { ConfigError } from '../kernel/index.ts'

type Contracts = Readonly<Record<string, AnyContract>>

/** The environments of a project, checked against its contracts, the settings, and the chart. */
function environmentsOf(project: string, contracts: Contracts): Promise<ReadonlyMap<string, Environment>> {
  const functions = Object.values(contracts).filter(isFunction)
  return readEnvironments(project, {
    functions: functions.map(({ name }) => name),
    secrets: functions.flatMap((contract) => [
      ...(contract.secrets ?? []),
      ...('signedBy' in contract ? contract.signedBy : []),
    ]),
    checkValues: createValuesCheck(PLATFORM),
  })
}

/** One that is deployed. Throws a ConfigError where there is none of that name, or where it is only to be extended. */
export async function requireEnvironment(
  project: string,
  contracts: Contracts,
  name: string,
): Promise<Environment & { readonly url: string }> {
  const environments = await environmentsOf(project, contracts)
  const found = environments.get(name)
  if (!found) {
    const names = [...environments.values()].flatMap((one) => (one.url ? [one.name] : [])).join(', ')
    throw new ConfigError(`there is no environments/${name}.yaml; there are ${names || 'none'}`)
  }
  const { url } = found
  if (url === undefined) throw new ConfigError(`environments/${name}.yaml has no \`url\`: it is there to be extended`)
  return { ...found, url }
}

/** Where the values of each environment are rendered to. */
export const VALUES_FOLDER = 'charts/environments'

/** The values of each environment that is deployed, as files, for what reads a repository (GitOps). */
export async function environmentFiles(
  project: string,
  contracts: Contracts,
): Promise<Readonly<Record<string, string>>> {
  const environments = [...(await environmentsOf(project, contracts)).values()]
  const deployed = environments.filter(({ url }) => url !== undefined)
  return Object.fromEntries(
    deployed.map((one) => [`${VALUES_FOLDER}/${one.name}.yaml`, yamlFile([chartValuesOf(one)])]),
  )
}

export async function printEnvironment(project: string, name: string): Promise<void> {
  const environment = await requireEnvironment(project, await importContracts(project), name)
  process.stdout.write(toYaml(chartValuesOf(environment)))
}
