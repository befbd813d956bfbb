import type { AnyContract } from '../contract/index.ts'

/** What the suite is pointed at: an Ebb, seen from outside, wherever it runs. */
export interface Target {
  /** The address of the gateway. */
  readonly url: string
  /** Its admin port and the admin key: with them, cases have callers of their own, and count effects. */
  readonly admin?: { readonly url: string; readonly key: string } | undefined
  /** Where there is no admin port: an API key with the scopes of the endpoints that cases call. */
  readonly key?: string | undefined
  /** The contracts of the project that runs there, by folder: cases run on them where the conformance functions are missing. */
  readonly contracts?: Readonly<Record<string, AnyContract>> | undefined
  /** How long what happens behind the scenes may take, such as a delivery; default: 90 s. */
  readonly patienceMs?: number | undefined
  /** false where the platform does not tell a function that its caller hung up; default: it does. */
  readonly hangUps?: boolean | undefined
  /** Replaces a function's instances, as a roll-out does; resolves when new ones serve. */
  readonly restartFunction?: ((name: string) => Promise<void>) | undefined
}

/** What a case may need of a target. */
export type Requirement = 'key' | 'admin' | 'hangUps' | 'restartFunction'

/** What a target lacks, in words; undefined where it has all that is needed. */
export function findMissingRequirement(target: Target, needs: readonly Requirement[]): string | undefined {
  const has = { ...target, key: target.key ?? target.admin, hangUps: target.hangUps ?? true }
  const [missing] = needs.filter((need) => !has[need])
  return missing && `needs ${WORDS[missing]}`
}

const WORDS: Readonly<Record<Requirement, string>> = {
  key: 'an API key (--key), or the admin port (--admin)',
  admin: 'the admin port (--admin), for several callers and to see events',
  hangUps: 'a platform that tells a function that its caller hung up',
  restartFunction: 'a way to replace the instances of a function, which the tests of Ebb have',
}
