import { findSimilar } from '../kernel/find-similar.ts'
import type { Verb } from './command.ts'
import { UsageError } from './usage-error.ts'

/** The verb of this name. Throws a UsageError, with the one that was probably meant, if there is none. */
export function findVerb(verbs: Readonly<Record<string, Verb>>, name: string): Verb {
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (verb) return verb
  const similar = findSimilar(name, Object.keys(verbs))
  throw new UsageError(
    `there is no command called ${name}${similar ? `; did you mean ${similar}?` : '.'} ebb help lists all commands.`,
  )
}
