import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ConfigError } from '../../kernel/config-error.ts'

/** What the functions of a new project are. */
export const EXAMPLES = ['note', 'shop'] as const
export type Example = (typeof EXAMPLES)[number]

/** What the arguments say, before anything is asked. */
export interface CreateArguments {
  readonly folder: string | undefined
  readonly name: string | undefined
  readonly example: Example | undefined
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

/** How `npm create ebb` is called; `ebb create` has the same options. */
export const CREATE_USAGE =
  'FOLDER [--name NAME] [--example note|shop] [--ebb VERSION|FILE.tgz] [--no-install] [--no-git] [--yes]'

const OPTIONS = {
  name: { type: 'string' },
  example: { type: 'string' },
  ebb: { type: 'string' },
  // Their own options, since Node 20 has no `allowNegative` yet.
  'no-install': { type: 'boolean' },
  'no-git': { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
} as const

/** Reads the arguments of CREATE_USAGE. Throws a ConfigError, or a TypeError of parseArgs, for any others. */
export function parseCreate(args: readonly string[]): CreateArguments {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  const [folder, ...others] = positionals
  if (others.length > 0) throw new ConfigError(`one folder, please: ${others.join(', ')} came after ${folder}`)
  const { name, ebb, example } = values
  if (example !== undefined && !isExample(example)) {
    throw new ConfigError(`there is no example ${example}; there are ${EXAMPLES.join(' and ')}`)
  }
  return {
    ...{ folder, name, example, ebb },
    install: !values['no-install'],
    git: !values['no-git'],
    yes: values.yes ?? false,
  }
}

const isExample = (text: string): text is Example => (EXAMPLES as readonly string[]).includes(text)

/** The options, with a default for what the arguments leave open. */
export function completeOptions(folder: string, given: Omit<CreateArguments, 'folder'>): CreateOptions {
  const path = resolve(folder)
  const { name = basename(path), example = 'note', ebb, install, git } = given
  return { folder: path, name, example, ebb, install, git }
}
