import { findSimilar } from './find-similar.ts'
import type { Form } from './form.ts'
import { usageErrorOf } from './parse-arguments.ts'

interface ChosenForm {
  readonly form: Form
  /** The command as it was typed, such as `events list`. */
  readonly name: string
  /** The arguments without the word of the form. */
  readonly args: readonly string[]
}

/** Chooses the form of a verb by the word after it. Throws a UsageError if there is no such form. */
export function chooseForm(verb: string, forms: readonly Form[], args: readonly string[]): ChosenForm {
  const words = forms.flatMap(({ word }) => word ?? [])
  const at = args.findIndex((arg) => words.includes(arg))
  const chosen = forms.find(({ word }) => word === args[at])
  if (chosen) return { form: chosen, name: [verb, args[at]].join(' ').trim(), args: args.toSpliced(at, at < 0 ? 0 : 1) }
  const given = args.find((arg) => !arg.startsWith('-'))
  if (given === undefined) throw usageErrorOf(verb, `ebb ${verb} needs one of ${words.join(', ')}`)
  const similar = findSimilar(given, words)
  const hint = similar ? `did you mean ebb ${verb} ${similar}?` : `there are ${words.join(', ')}`
  throw usageErrorOf(verb, `there is no ebb ${verb} ${given}; ${hint}`)
}
