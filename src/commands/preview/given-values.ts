import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import type { AnyContract } from '../../contract/index.ts'
import { chartValuesOf, isMap, mergeValues, type Values } from '../../deploy/environments/index.ts'
import { ConfigError } from '../../kernel/index.ts'
import { requireEnvironment } from '../environments.ts'

interface Given {
  readonly values: readonly string[]
  readonly env?: string | undefined
}

/** What an environment says, and files of values over it, the last one over all. */
export async function readGivenValues(
  project: string,
  contracts: Readonly<Record<string, AnyContract>>,
  { values, env }: Given,
): Promise<Values> {
  const files = await Promise.all(values.map(readValues))
  const environment = env === undefined ? {} : chartValuesOf(await requireEnvironment(project, contracts, env))
  // Of two maps it makes a map.
  return files.reduce<Values>((merged, file) => mergeValues(merged, file) as Values, environment)
}

async function readValues(file: string): Promise<Values> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new ConfigError(`--values: ${file} cannot be read`, { cause })
  })
  const values: unknown = parse(text)
  if (!isMap(values)) throw new ConfigError(`--values: ${file} is no map, as the values of the chart are`)
  return values
}
