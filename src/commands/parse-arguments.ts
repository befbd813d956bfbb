import { parseArgs } from 'node:util'
import { ConfigError } from '../kernel/config-error.ts'
import { findSimilar } from '../kernel/find-similar.ts'
import type { Form, Parameter } from './form.ts'
import { UsageError } from './usage-error.ts'

/**
 * Reads the arguments of a form by its description: every value is there, read and of its choices, and nothing else was given.
 * `name` is the command as it was typed, such as `events list`. Throws a UsageError of a sentence that says what would be right.
 */
export function parseArguments(name: string, form: Form, args: readonly string[]): Readonly<Record<string, unknown>> {
  const options: Record<string, string[]> = {}
  const positionals: string[] = []
  for (const token of splitArguments(form.options, args)) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind === 'option') {
      const value = checkOption(name, form, token)
      options[token.name] = [...(options[token.name] ?? []), value]
    }
  }
  return {
    ...readArguments(name, form, positionals),
    ...readValues(name, form.options, options, (option) => `--${option}`),
  }
}

/** Tells options, their values and arguments apart. */
export function splitArguments(options: Form['options'], args: readonly string[]) {
  const types = Object.entries(options).map(([name, { value, short }]) => [
    name,
    { type: value === undefined ? 'boolean' : 'string', ...(short ? { short } : {}) } as const,
  ])
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(types),
  })
  return tokens
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}

/** The text of an option's value, which is empty for a flag. */
function checkOption(verb: string, { options }: Form, { name, rawName, value, inlineValue }: OptionToken): string {
  const option = Object.hasOwn(options, name) ? options[name] : undefined
  if (!option) {
    const similar = findSimilar(name, Object.keys(options))
    throw usageErrorOf(verb, `ebb ${verb} has no option ${rawName}${similar ? `; did you mean --${similar}?` : ''}`)
  }
  if (option.value === undefined) {
    if (value !== undefined) throw usageErrorOf(verb, `${rawName} takes no value`)
    return ''
  }
  // What looks like an option is one, unless it stands behind an equals sign; a lone dash is a value.
  if (value === undefined || (!inlineValue && /^-./.test(value))) {
    throw usageErrorOf(verb, `${rawName} needs a value: ${rawName}=${option.value}`)
  }
  return value
}

function readArguments(name: string, form: Form, positionals: readonly string[]) {
  const described = Object.entries(form.arguments)
  const given: Record<string, readonly string[]> = {}
  let left = positionals
  for (const [argument, { repeated }] of described) {
    if (left.length > 0) given[argument] = repeated ? left : left.slice(0, 1)
    left = repeated ? [] : left.slice(1)
  }
  if (left.length > 0)
    throw usageErrorOf(name, `ebb ${name} takes no further argument, and was given ${left.join(' ')}`)
  return readValues(name, form.arguments, given, (_argument, { value }) => String(value))
}

/** How an option or argument is called in a sentence. */
type Label = (name: string, parameter: Parameter) => string

function readValues(
  command: string,
  described: Form['options'],
  given: Readonly<Record<string, readonly string[]>>,
  labelOf: Label,
): Readonly<Record<string, unknown>> {
  const values = Object.entries(described).map(([name, parameter]) => {
    const { default: otherwise, repeated, required, value } = parameter
    const label = labelOf(name, parameter)
    const texts = given[name] ?? (otherwise === undefined ? [] : [otherwise])
    if (value === undefined) return [name, texts.length > 0]
    if (texts.length === 0 && required) {
      throw usageErrorOf(command, `ebb ${command} needs ${label === value ? value : `${label} ${value}`}`)
    }
    const read = texts.map((text) => readValue(command, label, parameter, text))
    return [name, repeated ? read : read.at(-1)]
  })
  return Object.fromEntries(values)
}

function readValue(command: string, label: string, { choices, read }: Parameter, text: string): unknown {
  if (choices && !choices.includes(text)) {
    const similar = findSimilar(text, choices)
    const hint = similar ? `; did you mean ${similar}?` : ''
    throw usageErrorOf(
      command,
      `${label} is ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}, not ${text}${hint}`,
    )
  }
  try {
    return read ? read(text) : text
  } catch (cause) {
    throw cause instanceof ConfigError ? new UsageError(cause.message, { cause }) : cause
  }
}

/** A fault of the command line, with where to read more. */
export const usageErrorOf = (name: string, sentence: string) =>
  new UsageError(`${sentence}${sentence.endsWith('?') ? '' : '.'} ebb ${name} --help describes it.`)
