import { type CompletedForm, type CompletedParameter, type CompletedVerb, wordsOf } from './completed-verb.ts'

/** The completions for fish. */
export const fishCompletion = (
  verbs: readonly CompletedVerb[],
): string => `# Completions of ebb for fish, by \`ebb completion fish\`.
function __ebb_functions
    for file in functions/*/contract.ts
        string split -f 2 / $file
    end
end
function __ebb_people
    sed -n "s/^  ['\\"]\\{0,1\\}\\([A-Za-z0-9._@-]*\\)['\\"]\\{0,1\\}: {.*/\\1/p" domain/people.ts 2>/dev/null
end
function __ebb_at
    set -l words (commandline -opc)
    set -l last (math 1 + (count $argv))
    test "$words[2..$last]" = "$argv"
end
function __ebb_has_no_command
    test (count (commandline -opc)) -eq 1
end
complete -c ebb -f
${verbs.map(({ name, summary }) => `complete -c ebb -n __ebb_has_no_command -a ${name} -d ${quote(summary)}`).join('\n')}
${verbs.flatMap(verbLines).join('\n')}`

function verbLines(verb: CompletedVerb): readonly string[] {
  const words = wordsOf(verb)
  const isBeforeWord = [`__ebb_at ${verb.name}`, ...words.map((word) => `not __ebb_at ${verb.name} ${word}`)].join(
    '; and ',
  )
  return [
    ...verb.forms.flatMap(({ word, description }) =>
      word === undefined ? [] : [complete(isBeforeWord, `-a ${word} -d ${quote(description)}`)],
    ),
    ...verb.forms.flatMap((form) => formLines(form, form.word === undefined ? isBeforeWord : `__ebb_at ${form.name}`)),
  ]
}

const formLines = (form: CompletedForm, condition: string) => [
  ...form.options.map((option) =>
    complete(condition, `-l ${option.name} -d ${quote(option.description)}${valuesFor(option)}`),
  ),
  ...form.arguments.flatMap((argument) => {
    const words = wordsFor(argument)
    return words ? [complete(condition, `-a ${words} -d ${quote(argument.value ?? '')}`)] : []
  }),
]

const complete = (condition: string, rest: string) => `complete -c ebb -n ${quote(condition)} ${rest}`

/** Whether an option has a value, and which ones there are. */
function valuesFor(option: CompletedParameter): string {
  if (option.value === undefined) return ''
  if (option.completes === 'path') return ' -r -F'
  const words = wordsFor(option)
  return words ? ` -x -a ${words}` : ' -x'
}

const wordsFor = ({ choices, completes }: CompletedParameter) =>
  choices
    ? quote(choices.join(' '))
    : completes === 'function'
      ? `'(__ebb_functions)'`
      : completes === 'person'
        ? `'(__ebb_people)'`
        : undefined

const quote = (text: string) => `'${text.replaceAll(/['\\]/g, '\\$&')}'`
