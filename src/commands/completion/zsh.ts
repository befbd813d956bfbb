import { type CompletedForm, type CompletedParameter, type CompletedVerb, wordsOf } from './completed-verb.ts'

/** The completions for zsh: for .zshrc after compinit, or as a file _ebb on fpath. */
export const zshCompletion = (verbs: readonly CompletedVerb[]): string => `#compdef ebb
# Completions of ebb for zsh, by \`ebb completion zsh\`.
_ebb_functions() {
  local -a names
  names=(functions/*/contract.ts(N:h:t))
  compadd -a names
}
_ebb_people() {
  local -a names
  names=(\${(f)"$(sed -n "s/^  ['\\"]\\{0,1\\}\\([A-Za-z0-9._@-]*\\)['\\"]\\{0,1\\}: {.*/\\1/p" domain/people.ts 2>/dev/null)"})
  compadd -a names
}
_ebb() {
  local form=$words[2]
  if (( CURRENT == 2 )); then
    local -a commands
    commands=(
${verbs.map(({ name, summary }) => `      ${quote(`${escapeColons(name)}:${summary}`)}`).join('\n')}
    )
    _describe command commands
    return
  fi
  case "$form $words[3]" in
    (${verbs
      .flatMap((verb) => wordsOf(verb).map((word) => quote(`${verb.name} ${word}`)))
      .join(' | ')}) (( CURRENT > 3 )) && form="$form $words[3]" ;;
  esac
  # _arguments counts from the command on, which is the form.
  local -a parts
  parts=(\${=form})
  words=(ebb "\${(@)words[$#parts + 2,-1]}")
  (( CURRENT -= $#parts ))
  case $form in
${verbs.flatMap(verbCases).join('\n')}
  esac
}
if [[ $funcstack[1] = _ebb ]]; then _ebb "$@"; else compdef _ebb ebb; fi`

function verbCases(verb: CompletedVerb): readonly string[] {
  const whole = verb.forms.find(({ word }) => word === undefined)
  const words = verb.forms.flatMap(({ word, description }) =>
    word === undefined ? [] : [`${word}\\:${quoteDouble(description)}`],
  )
  const first = words.length > 0 ? [quote(`1:form:((${words.join(' ')}))`)] : []
  const options = whole ? specsOf(whole) : [quote('--help[Print this help.]')]
  return [
    ...verb.forms.filter((form) => form !== whole).map((form) => caseOf(form.name, specsOf(form))),
    caseOf(verb.name, [...first, ...options]),
  ]
}

const caseOf = (name: string, specs: readonly string[]) => `    (${quote(name)}) _arguments ${specs.join(' ')} ;;`

const specsOf = ({ options, arguments: positional }: CompletedForm) => [
  ...options.map((option) => {
    const value = option.value === undefined ? '' : `:${actionOf(option)}`
    return quote(`${option.repeated ? '*' : ''}--${option.name}[${escapeSpec(option.description)}]${value}`)
  }),
  ...positional.map((argument, i) => quote(`${argument.repeated ? '*' : i + 1}:${actionOf(argument)}`)),
]

/** What _arguments calls the value, and how it completes it. */
const actionOf = ({ value = '', choices, completes }: CompletedParameter) => {
  const action = choices
    ? `(${choices.join(' ')})`
    : completes === 'function'
      ? '_ebb_functions'
      : completes === 'person'
        ? '_ebb_people'
        : '_files'
  return `${escapeSpec(value)}:${choices || completes ? action : ' '}`
}

const escapeColons = (text: string) => text.replaceAll(':', '\\:')
const escapeSpec = (text: string) => text.replaceAll(/[[\]:\\]/g, '\\$&')
const quoteDouble = (text: string) => `"${text.replaceAll(/["\\$`:]/g, '\\$&')}"`
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
