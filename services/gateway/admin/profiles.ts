import { Problem } from 'ebb/contract'
import { type ContractSet, functionsOf } from '../../../src/contract/index.ts'
import { profileFunction } from '../../../src/protocol/admin/profiles.ts'
import { toFlameGraph } from '../../../src/protocol/profiles/flame.ts'
import type { ProfileFunction } from '../profile-function.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface ProfilesOptions {
  readonly contracts: () => ContractSet
  readonly profile: ProfileFunction
}

export const profilesOperations = ({ contracts, profile }: ProfilesOptions): readonly AdminOperation[] => [
  operation(profileFunction, async ({ params: { name }, body: { kind, seconds, as } }, { actor, audit }) => {
    if (!functionsOf(contracts()).some((one) => one.name === name))
      throw new Problem('not_found', 404, `There is no function ${name}.`)
    await audit({ subject: name, detail: { kind, seconds } })
    const recorded = await profile(name, { kind, seconds }, actor)
    const { unit, total, flame } = toFlameGraph(recorded)
    const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
    const file = `${name}-${time}.${kind === 'cpu' ? 'cpuprofile' : 'heapprofile'}`
    return { kind, file, unit, total, ...(as === 'flame' ? { flame } : { profile: recorded.profile }) }
  }),
]
