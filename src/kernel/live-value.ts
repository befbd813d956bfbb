import type { Log } from './log.ts'
import { watchFile } from './watch-file.ts'

/** A value that may change while the process runs, since its file is read again. */
export interface LiveValue<Value> {
  /** The newest value that could be used. */
  current(): Value
  /**
   * Calls `take` with each new value before it is current. Where that throws or rejects, the value is not taken, and the one
   * before it stays.
   */
  onChange(take: (value: Value) => unknown): void
  /** Reads its file now; resolves when what it holds was taken or refused. */
  refresh(): Promise<void>
}

/** A value that does not change. */
export const fixedValue = <Value>(value: Value): LiveValue<Value> => ({
  current: () => value,
  onChange: () => {},
  refresh: async () => {},
})

/** How the files of settings and secrets were read again, for metrics. */
export interface Reload {
  /** Milliseconds since 1970; undefined before the first time. */
  readonly at: number | undefined
  /** How often what a file held could not be used. */
  readonly failures: number
}

const reloads = new Map<string, Reload>()

/** The reloads of all values of this process that are read from files, by the names of settings and secrets. */
export const readReloads = (): ReadonlyMap<string, Reload> => reloads

interface FileOptions<Value> {
  /** The setting or secret that the file holds. */
  readonly name: string
  readonly file: string
  /** What the file held at the start, and what that means. */
  readonly text: string
  /** Whether it may be absent, which means the same as an empty one. */
  readonly isOptional?: boolean
  readonly value: Value
  /** Throws where a text is no value; its message must not contain the text. */
  readonly parse: (text: string) => Value
  readonly log: Pick<Log, 'info' | 'warn'>
}

/**
 * The value that a file holds. What is malformed, empty or refused is logged once, by the setting's name and never with its
 * content, and changes nothing.
 */
export function valueOfFile<Value>(options: FileOptions<Value>): LiveValue<Value> {
  const { name, file, text, isOptional = false, value, parse, log } = options
  let current = value
  const takers: ((value: Value) => unknown)[] = []
  reloads.set(name, { at: undefined, failures: 0 })
  const record = (result: 'taken' | 'refused') => {
    const { at, failures = 0 } = reloads.get(name) ?? {}
    reloads.set(name, result === 'taken' ? { at: Date.now(), failures } : { at, failures: failures + 1 })
  }
  const refuse = (error: unknown, why: string) => {
    record('refused')
    log.warn({ setting: name, reason: error instanceof Error ? error.message : String(error) }, why)
  }
  const refresh = watchFile(file, {
    ...{ text, isOptional },
    onChange: async (next) => {
      try {
        const parsed = parse(next)
        for (const take of takers) await take(parsed)
        current = parsed
        record('taken')
        log.info({ setting: name }, 'a setting was read again and is in use')
      } catch (error) {
        refuse(error, 'a setting has changed to what cannot be used; the value before it stays in use')
      }
    },
    onError: (error) => refuse(error, 'the file of a setting cannot be read; its last value stays in use'),
  })
  return {
    current: () => current,
    onChange: (take) => void takers.push(take),
    refresh,
  }
}
