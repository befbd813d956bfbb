import type { Verb } from '../command.ts'
import { isPlain } from '../describe-verbs.ts'
import type { Form, Parameter } from '../form.ts'

/** A verb as the completions of a shell need it. */
export interface CompletedVerb {
  readonly name: string
  readonly summary: string
  /** Without one for a verb that parses its arguments itself. */
  readonly forms: readonly CompletedForm[]
}

/** A form of a verb, with all its options, `--help` included. */
export interface CompletedForm extends Pick<Form, 'word' | 'description'> {
  /** The command up to its arguments, such as `events list`. */
  readonly name: string
  readonly options: readonly CompletedParameter[]
  readonly arguments: readonly CompletedParameter[]
}

/** An option or argument of a form. */
export interface CompletedParameter extends Parameter {
  readonly name: string
}

/** Loads all verbs, for the completions. */
export async function describeForShells(verbs: Readonly<Record<string, Verb>>): Promise<readonly CompletedVerb[]> {
  const described = Object.entries(verbs).map(async ([name, { summary, load }]) => {
    const command = await load()
    return { name, summary, forms: isPlain(command) ? [] : command.map((form) => describeForm(name, form, verbs)) }
  })
  return Promise.all(described)
}

function describeForm(verb: string, form: Form, verbs: Readonly<Record<string, Verb>>): CompletedForm {
  const { word, description, options } = form
  const toList = (parameters: Form['options']) =>
    Object.entries(parameters).map(([name, parameter]) => ({
      ...parameter,
      name,
      ...(parameter.completes === 'command' ? { choices: Object.keys(verbs) } : {}),
    }))
  return {
    ...{ name: word === undefined ? verb : `${verb} ${word}`, description },
    ...(word === undefined ? {} : { word }),
    options: [...toList(options), { name: 'help', description: 'Print this help.' }],
    arguments: toList(form.arguments),
  }
}

/** The words that select a form of a verb. */
export const wordsOf = ({ forms }: CompletedVerb): readonly string[] => forms.flatMap(({ word }) => word ?? [])
