import { readFileSync } from 'node:fs'
import type { LiveValue } from './live-value.ts'

export type Env = Readonly<Record<string, string | undefined>>

/** A file that NAME_FILE names, and what it held at the start. */
interface SourceFile {
  readonly file: string
  readonly text: string
  /** Made when something first follows the setting. */
  live?: LiveValue<unknown>
}
export type SourceFiles = ReadonlyMap<string, SourceFile>

/** Each name's value, from the environment or from the file that NAME_FILE names. */
export function readValues(names: readonly string[], env: Env, readFile: (file: string) => string) {
  const values: Record<string, string> = {}
  const problems: string[] = []
  const files = new Map<string, SourceFile>()
  for (const name of names) {
    const file = env[`${name}_FILE`]
    try {
      const text = env[name] ?? (file ? readSource(name, file, readFile) : '')
      if (env[name] === undefined && file) files.set(name, { file, text })
      const value = env[name] ?? text.trim()
      if (value) values[name] = value
    } catch (cause) {
      problems.push(`${name}_FILE: ${cause instanceof Error ? cause.message : cause}`)
    }
  }
  return { values, problems, files }
}

function readSource(name: string, file: string, readFile: (file: string) => string): string {
  try {
    return readFile(file)
  } catch (cause) {
    // An error of node:fs has a code.
    if (isOptionalFile(name) && (cause as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw cause
  }
}

/** The second value beside one that is being replaced, which comes and goes. */
export const isOptionalFile = (name: string) => name.endsWith('_PREVIOUS')

export const readText = (file: string): string => readFileSync(file, 'utf8')
