import type { AnyContract } from './any-contract.ts'
import { ContractError } from './contract-error.ts'
import { emitsOf } from './describe.ts'
import { versionOf, versionsOf } from './event.ts'

/**
 * Refuses contracts of which one emits a version of an event that a subscriber could not read. An event is emitted in one
 * version, and each of its subscribers gets it: so these go to the newer version first, and what emits it last.
 */
export function checkVersions(contracts: readonly AnyContract[]): void {
  const subscribers = contracts.filter((contract) => contract.kind === 'subscriber')
  const emitted = contracts.flatMap((contract) =>
    Object.entries(emitsOf(contract)).map(([type, one]) => ({ name: contract.name, type, version: versionOf(one) })),
  )
  for (const { name, on } of subscribers) {
    const readable = versionsOf(on).map(versionOf)
    const own = versionOf(on)
    for (const { name: emitter, type, version } of emitted) {
      if (type !== on.type || readable.includes(version)) continue
      if (version > own)
        throw new ContractError(
          emitter,
          `it emits version ${version} of ${type}, and functions/${name} takes version ${own}: write that for version ${version} first, or emit version ${own}`,
        )
      throw new ContractError(
        name,
        `it takes version ${own} of ${type}, and functions/${emitter} emits version ${version}: give version ${own} an \`upcast\` from version ${version}, or have version ${own} emitted`,
      )
    }
  }
}
