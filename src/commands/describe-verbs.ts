import type { Command, LoadedCommand, Verb } from './command.ts'
import type { Form, Parameter } from './form.ts'

/** The help of all verbs, without loading any: one line each. */
export function describeVerbs(verbs: Readonly<Record<string, Verb>>): string {
  const rows = Object.entries(verbs).map(([name, { summary }]) => [name, summary] as const)
  return [
    'Ebb: serverless APIs on your own machines',
    '',
    'Usage: ebb COMMAND [options]',
    ...section('Commands', rows),
    '',
    'ebb COMMAND --help describes one command with its options and an example.',
    'The exit code is 0 where it did what it was asked, 1 where it could not, and 2 for a command line that is wrong.',
  ].join('\n')
}

/** The help of one verb, or of one of its forms: usage, arguments, options and examples. */
export function describeVerb(name: string, { summary }: Verb, command: LoadedCommand, word?: string): string {
  if (isPlain(command)) return describePlain(command)
  const chosen = command.filter((form) => form.word === word)
  const forms = word !== undefined && chosen.length > 0 ? chosen : command
  const [only] = forms
  if (only && forms.length === 1) return describeForm(name, only).join('\n')
  return [
    `${summary}.`,
    ...forms.flatMap((form) => ['', ...describeForm(name, form).map((line) => (line ? `  ${line}` : ''))]),
  ].join('\n')
}

/** Whether a command parses its arguments itself. */
export const isPlain = (command: LoadedCommand): command is Command => 'run' in command

const describePlain = ({ usage, description }: Command) =>
  [...usage.map((form, i) => `${i === 0 ? 'Usage:' : '      '} ebb ${form}`), '', description].join('\n')

function describeForm(verb: string, form: Form): readonly string[] {
  const described = Object.values(form.arguments).map((argument) => [termOf(argument), explain(argument)] as const)
  const options = Object.entries(form.options).map(
    ([name, option]) =>
      [`${option.short ? `-${option.short}, ` : ''}--${name} ${termOf(option)}`.trim(), explain(option)] as const,
  )
  return [
    `Usage: ${usageOf(verb, form)}`,
    '',
    ...wrap(form.description, WIDTH),
    ...section('Arguments', described),
    ...section('Options', [...options, ['-h, --help', 'Print this help.']]),
    '',
    form.examples.length > 1 ? 'Examples:' : 'Example:',
    ...form.examples.map((example) => `  npx ebb ${example}`),
  ]
}

/** How a form is written: what it needs, and whether there is more. */
export function usageOf(verb: string, form: Form): string {
  const described = Object.values(form.arguments).map((argument) =>
    argument.required ? termOf(argument) : `[${termOf(argument)}]`,
  )
  const needed = Object.entries(form.options).flatMap(([name, option]) =>
    option.required ? [`--${name} ${option.value}`] : [],
  )
  const isMore = Object.values(form.options).some(({ required }) => !required)
  return ['ebb', verb, form.word, ...described, ...needed, isMore ? '[options]' : ''].filter((part) => part).join(' ')
}

const termOf = ({ value = '', repeated }: Parameter) => (repeated ? `${value}…` : value)

/** The description of an option or argument, with what its value may be. */
function explain({ description, choices, default: otherwise, required, value, repeated }: Parameter): string {
  return [
    description,
    ...(choices ? [`One of ${choices.join(', ')}.`] : []),
    ...(otherwise === undefined ? [] : [`Default: ${otherwise}.`]),
    ...(required && value ? ['Required.'] : []),
    ...(repeated ? ['May be given several times.'] : []),
  ].join(' ')
}

const WIDTH = 100
const INDENT = 2
const GAP = 3

/** A headed table of two columns; the second one is wrapped. */
function section(title: string, rows: readonly (readonly [term: string, text: string])[]): readonly string[] {
  if (rows.length === 0) return []
  const left = Math.max(...rows.map(([term]) => term.length)) + GAP
  const lines = rows.flatMap(([term, text]) =>
    wrap(text, WIDTH - INDENT - left).map(
      (line, i) => `${' '.repeat(INDENT)}${(i === 0 ? term : '').padEnd(left)}${line}`,
    ),
  )
  return ['', `${title}:`, ...lines]
}

/** Breaks a text into lines of at most `width` characters, between words. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
