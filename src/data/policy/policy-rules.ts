/** A policy as its files say, checked. */
export interface PolicyRules {
  readonly folder: string
  readonly model: PolicyModel
  readonly rules: readonly PolicyRule[]
  /** Pairs of roles: the first has the rights of the second, too. */
  readonly links: readonly (readonly string[])[]
}

/** A line that allows or refuses. */
export interface PolicyRule {
  readonly line: number
  /** Its fields, in the order of the model. */
  readonly values: readonly string[]
  readonly action: string
  readonly type: string
  /** The attributes of the object that it reads. */
  readonly reads: readonly string[]
}

/** Stands in a line for every action, every type or every role. */
export const ANY = '*'

/** How the lines of a policy are read, as model.conf says. */
export interface PolicyModel {
  /** Its sections but for the matcher, as Casbin reads them. */
  readonly text: string
  /** The fields of a line, in their order. */
  readonly fields: readonly string[]
  readonly matcher: string
  readonly matcherLine: number
  /** Whether a line may refuse. */
  readonly mayDeny: boolean
  /** The actions of each type. */
  readonly actions: Readonly<Record<string, readonly string[]>>
}
