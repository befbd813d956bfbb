import { findSimilar } from '../kernel/find-similar.ts'
import type { Form } from './form.ts'
import { splitArguments, usageErrorOf } from './parse-arguments.ts'

interface ChosenForm {
  readonly form: Form
  /** The command as it was typed, such as `events list`. */
  readonly name: string
  /** The arguments without the word of the form. */
  readonly args: readonly string[]
}

/** Chooses the form of a verb by its first argument. Throws a UsageError if there is no such form. */
export function chooseForm(verb: string, forms: readonly Form[], args: readonly string[]): ChosenForm {
  const words = forms.flatMap(({ word }) => word ?? [])
  const options = Object.assign({}, ...forms.map((form) => form.options))
  const first = splitArguments(options, args).find(({ kind }) => kind === 'positional')
  const given = first && args[first.index]
  const chosen = forms.find(({ word }) => word !== undefined && word === given)
  if (chosen && first) return { form: chosen, name: `${verb} ${given}`, args: args.toSpliced(first.index, 1) }
  const otherwise = forms.find(({ word }) => word === undefined)
  if (otherwise) return { form: otherwise, name: verb, args }
  if (given === undefined) throw usageErrorOf(verb, `ebb ${verb} needs one of ${words.join(', ')}`)
  const similar = findSimilar(given, words)
  const hint = similar ? `did you mean ebb ${verb} ${similar}?` : `there are ${words.join(', ')}`
  throw usageErrorOf(verb, `there is no ebb ${verb} ${given}; ${hint}`)
}
