import { type CompletedForm, type CompletedParameter, type CompletedVerb, wordsOf } from './completed-verb.ts'

/** The completions for bash, from 3.2 on, which macOS has. Where there is nothing to say, bash completes files. */
export const bashCompletion = (
  verbs: readonly CompletedVerb[],
): string => `# Completions of ebb for bash, by \`ebb completion bash\`.
_ebb_functions() {
  local file
  for file in functions/*/contract.ts; do
    file=\${file#functions/}
    [ -e "functions/$file" ] && echo "\${file%/contract.ts}"
  done
}
_ebb_people() {
  sed -n "s/^  ['\\"]\\{0,1\\}\\([A-Za-z0-9._@-]*\\)['\\"]\\{0,1\\}: {.*/\\1/p" domain/people.ts 2>/dev/null
}
_ebb() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} form=\${COMP_WORDS[1]} words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${verbs.map(({ name }) => name).join(' ')}' -- "$current"))
    return
  fi
  case "$form \${COMP_WORDS[2]}" in
    ${patternOf(verbs.flatMap((verb) => wordsOf(verb).map((word) => `${verb.name} ${word}`)))})
      [ "$COMP_CWORD" -gt 2 ] && form="$form \${COMP_WORDS[2]}" ;;
  esac
  case "$form $previous" in
${verbs.flatMap(({ forms }) => forms.flatMap(valueCases)).join('\n')}
    *)
      case "$form" in
${verbs.flatMap(formCases).join('\n')}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _ebb ebb`

const patternOf = (names: readonly string[]) => names.map((name) => `'${name}'`).join(' | ')

/** What follows an option that has a value. */
const valueCases = ({ name, options }: CompletedForm) =>
  options
    .filter(({ value }) => value !== undefined)
    .map((option) => `    '${name} --${option.name}') ${setWords(wordsFor(option))} ;;`)

/** What follows else: an option, or what the arguments may be. */
function formCases(verb: CompletedVerb): readonly string[] {
  const ofForm = verb.forms.map((form) => ({
    name: form.name,
    options: form.options.map(({ name }) => `--${name}`),
    others: form.arguments.map(wordsFor).filter((words) => words !== ''),
  }))
  const words = wordsOf(verb)
  const whole = ofForm.find(({ name }) => name === verb.name)
  const all = [
    ...ofForm.filter((form) => form !== whole),
    { name: verb.name, options: whole?.options ?? ['--help'], others: [...words, ...(whole?.others ?? [])] },
  ]
  return all.map(
    ({ name, options, others }) =>
      `        '${name}') case "$current" in -*) ${setWords(options.join(' '))} ;; *) ${setWords(others.join(' '))} ;; esac ;;`,
  )
}

const setWords = (words: string) => `words="${words}"`

const wordsFor = ({ choices, completes }: CompletedParameter) =>
  choices
    ? choices.join(' ')
    : completes === 'function'
      ? '$(_ebb_functions)'
      : completes === 'person'
        ? '$(_ebb_people)'
        : ''
