import { ConfigError } from '../kernel/index.ts'

/** One verb of the command line. */
export interface Command {
  /** The forms of its arguments, without `ebb`, one line each. */
  readonly usage: readonly string[]
  readonly description: string
  /** Throws a ConfigError of one sentence if the arguments or the environment do not allow it. */
  run(root: string, args: readonly string[]): Promise<void>
}

/** The error for arguments that match none of a command's forms. */
export const usageError = ({ usage }: Pick<Command, 'usage'>) =>
  new ConfigError(`usage:\n${usage.map((form) => `  ebb ${form}`).join('\n')}`)
