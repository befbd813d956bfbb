import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The texts of a policy, and where they are from. */
export interface PolicyFiles {
  /** The folder as messages name it. */
  readonly folder: string
  /** model.conf: how a line of the policy is read. */
  readonly model: string
  /** policy.csv: who may do what. */
  readonly policy: string
}

/** Something that is wrong in one of the files, and where. */
export interface PolicyFault {
  readonly file: keyof typeof FILE_NAMES
  /** From 1. */
  readonly line: number
  readonly message: string
}

export const POLICY_FOLDER = 'domain/policy'
export const FILE_NAMES = { model: 'model.conf', policy: 'policy.csv' } as const

/** `domain/policy/policy.csv:4`. */
export const placeOf = (folder: string, file: keyof typeof FILE_NAMES, line: number) =>
  `${folder}/${FILE_NAMES[file]}:${line}`

/** A line for each fault. */
export const describeFaults = (folder: string, faults: readonly PolicyFault[]): string =>
  faults.map(({ file, line, message }) => `${placeOf(folder, file, line)}: ${message}`).join('\n')

/** Reads the files of a folder; undefined where one of them is missing. */
export function readPolicyFiles(folder: string, name = folder): PolicyFiles | undefined {
  const { model, policy } = FILE_NAMES
  if (![model, policy].every((file) => existsSync(join(folder, file)))) return undefined
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  return { folder: name, model: read(model), policy: read(policy) }
}
