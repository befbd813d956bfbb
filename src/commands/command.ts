import { printable } from '../dev/report.ts'
import type { Form } from './form.ts'
import { UsageError } from './usage-error.ts'

/** A verb of the command line that parses its arguments itself; one of {@link Form}s has help, suggestions and completions. */
export interface Command {
  /** The forms of its arguments, without `ebb`, one line each. */
  readonly usage: readonly string[]
  readonly description: string
  /** Throws a ConfigError of one sentence if the arguments or the environment do not allow it. */
  run(project: string, args: readonly string[]): Promise<void>
}

/** What the module of a verb exports: its forms, or a command that parses its arguments itself. */
export type LoadedCommand = readonly Form[] | Command

/** A verb, whose module is loaded on first use. */
export interface Verb {
  /** What it does, in a few words, for the list of all verbs. */
  readonly summary: string
  /** Whether it reads no settings: then `.env` is not read either. */
  readonly ignoresEnv?: true
  load(): Promise<LoadedCommand>
}

/** Options of parseArgs: a text, and a flag that is off by default. */
export const text = { type: 'string' } as const
/** An option without a value, off by default, for `parseArgs` of node:util. */
export const flag = { type: 'boolean', default: false } as const

/** The error for arguments that match none of a command's forms. */
export const usageError = ({ usage }: Pick<Command, 'usage'>) =>
  new UsageError(`usage:\n${usage.map((form) => `  ebb ${form}`).join('\n')}`)

/** Writes one line to standard output. */
export const printLine = (line: string) => void process.stdout.write(`${line}\n`)

/** Writes a value for scripts to standard output, as `--json` asks for it. */
export const printJson = (value: unknown) => printLine(printable(JSON.stringify(value, undefined, 2)))

/**
 * Lets a command go on to its end when nobody reads its output any more, as behind `| head`; one that runs until it is
 * interrupted ends.
 */
export function outliveReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (process.listenerCount('SIGTERM') > 0) process.kill(process.pid, 'SIGTERM')
  })
}

/** Calls the listener when the command is asked to end: by Ctrl-C, SIGTERM, or the end of its terminal. */
export function onInterrupt(listener: (signal: NodeJS.Signals) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, listener)
}
