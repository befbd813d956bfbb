import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  type AnyContract,
  contractSet,
  describeSubscriber,
  type EndpointContract,
  isReceiver,
} from '../../contract/index.ts'
import { checkSchedules } from '../../deploy/check-schedules.ts'
import { tryContracts } from '../../deploy/import-sources.ts'
import { ConfigError } from '../../kernel/index.ts'
import { chooseFiles, type NewFunctionOptions } from './choose-files.ts'

const FUNCTION_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/

/**
 * Writes the folder of a new function, completely or not at all, and returns its files. Throws a ConfigError, and writes
 * nothing, if its contract would contradict itself or another one.
 */
export async function writeFunction(
  project: string,
  name: string,
  options: NewFunctionOptions,
): Promise<readonly string[]> {
  if (!FUNCTION_NAME.test(name) || name.length > 40) {
    throw new ConfigError(`"${name}" is not a verb-noun such as place-order: up to 40 of a-z, 0-9 and -`)
  }
  const folder = join(project, 'functions', name)
  const exists = new ConfigError(`functions/${name} exists already; choose another name, or remove it first`)
  if (await stat(folder).catch(() => undefined)) throw exists
  const { files, also = {} } = await chooseFiles(project, name, options)
  await mkdir(join(project, 'functions'), { recursive: true })
  // Beside the others, so that its imports resolve; a folder with a dot is not taken for a function.
  const unfinished = await mkdtemp(join(project, 'functions/.new-'))
  try {
    for (const [file, text] of Object.entries(files)) await writeFile(join(unfinished, file), text)
    await assertFits(project, name, unfinished)
    await rename(unfinished, folder)
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true })
    const { code } = Object(cause) as { code?: string }
    throw code === 'ENOTEMPTY' || code === 'EEXIST' ? exists : cause
  }
  for (const [file, text] of Object.entries(also)) await writeFile(join(project, file), text)
  return [...Object.keys(files).map((file) => `functions/${name}/${file}`), ...Object.keys(also)]
}

/** Throws if the contract contradicts itself or one of the others. */
async function assertFits(project: string, name: string, folder: string) {
  try {
    const { default: contract }: { default: AnyContract } = await import(
      pathToFileURL(join(folder, 'contract.ts')).href
    )
    const { contracts } = await tryContracts(project)
    const authorizers = Object.entries(contracts).filter(([, theirs]) => theirs.kind === 'authorizer')
    checkSchedules(isReceiver(contract) ? [describeSubscriber(contract)] : [])
    for (const [other, theirs] of Object.entries(contracts))
      contractSet({ ...Object.fromEntries(authorizers), [other]: alone(theirs), [name]: alone(contract) }, undefined)
  } catch (cause) {
    const sentence = (cause instanceof Error ? cause.message : String(cause)).replace(/^functions\/\S+ /, '')
    throw new ConfigError(`${name} would not be valid, and nothing was written: ${sentence}`, { cause })
  }
}

/** A contract without what it says of others, which are not looked at together: one that is broken keeps nobody from a new one. */
function alone(contract: AnyContract): AnyContract {
  const { calls: _calls, deprecated: _deprecated, ...rest } = contract as AnyContract & Partial<EndpointContract>
  // What is left out is optional in each kind of contract.
  return rest as AnyContract
}
