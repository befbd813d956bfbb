import { ConfigError } from '../kernel/index.ts'

/** One verb of the command line. */
export interface Command {
  /** The forms of its arguments, without `ebb`, one line each. */
  readonly usage: readonly string[]
  readonly description: string
  /** Throws a ConfigError of one sentence if the arguments or the environment do not allow it. */
  run(project: string, args: readonly string[]): Promise<void>
}

/** Options of parseArgs: a text, and a flag that is off by default. */
export const text = { type: 'string' } as const
/** An option without a value, off by default, for `parseArgs` of node:util. */
export const flag = { type: 'boolean', default: false } as const

/** The error for arguments that match none of a command's forms. */
export const usageError = ({ usage }: Pick<Command, 'usage'>) =>
  new ConfigError(`usage:\n${usage.map((form) => `  ebb ${form}`).join('\n')}`)

/** Writes one line to standard output. */
export const printLine = (line: string) => void process.stdout.write(`${line}\n`)

/** Calls the listener when the command is asked to end: by Ctrl-C, SIGTERM, or the end of its terminal. */
export function onInterrupt(listener: (signal: NodeJS.Signals) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, listener)
}
