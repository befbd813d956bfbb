/** An option or an argument of a form. Without `value` it is a flag. */
export interface Parameter {
  /** A sentence about it, for the help. */
  readonly description: string
  /** The word that stands for its value in the help, such as URL. */
  readonly value?: string
  /** One letter that means the same option, such as y. */
  readonly short?: string
  readonly required?: true
  /** Whether it may be given several times; an argument takes all that are left. */
  readonly repeated?: true
  readonly default?: string
  /** The only values that it may have. */
  readonly choices?: readonly string[]
  /** What a shell completes, where it is not the choices. */
  readonly completes?: 'path' | 'function' | 'person' | 'command'
  /** Reads the text of its value. Throws a ConfigError that says what it must be. */
  readonly read?: (text: string) => unknown
}
type ParameterSet = Readonly<Record<string, Parameter>>

/** One form of a command line: parsed by its description, which its help and the completions are made of as well. */
export interface Form {
  /** The word after the verb that selects this form, such as `list` in `events list`. */
  readonly word?: string
  /** What it does, in a sentence or two. */
  readonly description: string
  /** In their order; a name is the one in `values`. */
  readonly arguments: ParameterSet
  readonly options: ParameterSet
  /** Command lines, without `ebb`. */
  readonly examples: readonly string[]
  /** Throws a ConfigError of one sentence if the values or the environment do not allow it. */
  run(project: string, values: Readonly<Record<string, unknown>>): Promise<void>
}

/** A form whose `run` gets values of the types that its description says. */
interface DescribedForm<Arguments extends ParameterSet, Options extends ParameterSet>
  extends Pick<Form, 'word' | 'description' | 'examples'> {
  readonly arguments?: Arguments
  readonly options?: Options
  run(project: string, values: ValuesOf<Arguments> & ValuesOf<Options>): Promise<void>
}

type ValuesOf<Parameters extends ParameterSet> = { readonly [Name in keyof Parameters]: ValueOf<Parameters[Name]> }
type ValueOf<P extends Parameter> = P extends { readonly value: string }
  ? P extends { readonly repeated: true }
    ? readonly ReadOf<P>[]
    : P extends { readonly required: true } | { readonly default: string }
      ? ReadOf<P>
      : ReadOf<P> | undefined
  : boolean
type ReadOf<P extends Parameter> = P extends { readonly read: (text: string) => infer Value }
  ? Value
  : P extends { readonly choices: readonly (infer Choice)[] }
    ? Choice
    : string

type NoParameters = Readonly<Record<never, never>>

/** Describes one form of a verb's command line. */
export const form = <
  const Arguments extends ParameterSet = NoParameters,
  const Options extends ParameterSet = NoParameters,
>(
  described: DescribedForm<Arguments, Options>,
): Form =>
  // parseArguments makes the values by this very description, so they have the types that `run` expects.
  ({ arguments: {}, options: {}, ...described }) as unknown as Form

/** The option of every command that prints something for scripts. */
export const JSON_OPTION = { description: 'Print JSON, for scripts.' } as const
