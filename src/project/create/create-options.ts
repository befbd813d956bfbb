import { basename, resolve } from 'node:path'

/** What the functions of a new project are. */
export const EXAMPLES = ['note', 'shop'] as const
export type Example = (typeof EXAMPLES)[number]

/** What the arguments say, before anything is asked. */
export interface CreateArguments {
  readonly folder: string | undefined
  readonly name: string | undefined
  readonly example: Example | undefined
  /** What runs its pipeline. Default: github. */
  readonly ci?: string | undefined
  /** A version of Ebb, or the path of a packed one. Default: the version that creates. */
  readonly ebb: string | undefined
  readonly install: boolean
  readonly git: boolean
  /** Whether nothing may be asked. */
  readonly yes: boolean
}

/** A project that is to be created. */
export interface CreateOptions extends Omit<CreateArguments, 'folder' | 'name' | 'example' | 'yes'> {
  /** An absolute path. */
  readonly folder: string
  readonly name: string
  readonly example: Example
}

/** The options, with a default for what the arguments leave open. */
export function completeOptions(folder: string, given: Omit<CreateArguments, 'folder'>): CreateOptions {
  const path = resolve(folder)
  const { name = basename(path), example = 'note', ci = 'github', ebb, install, git } = given
  return { folder: path, name, example, ci, ebb, install, git }
}
