import { ConfigError } from '../kernel/index.ts'

/** One verb of the command line. */
export interface Command {
  /** Its words, without `ebb`; several forms a line each. */
  readonly usage: readonly string[]
  readonly description: string
  /** Throws a ConfigFault with one sentence where the arguments or the world do not allow it. */
  run(root: string, args: readonly string[]): Promise<void>
}

/** The answer to arguments that are none of a command's forms. */
export const usageError = ({ usage }: Pick<Command, 'usage'>) =>
  new ConfigError(`usage:\n${usage.map((form) => `  ebb ${form}`).join('\n')}`)
