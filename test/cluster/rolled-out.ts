import { untilTrue } from '../support/until.ts'
import type { Context } from './context.ts'

const LIMIT_MS = 300_000

interface PodSpec {
  readonly containers: readonly { readonly image: string }[]
}

/** Waits until no pod of an older image is left, but for those of stores and those that have ended. */
export async function untilRolledOut({ kubectl, options }: Context, tag: string) {
  let old: string[] = []
  const look = async () => {
    const pods = await kubectl.list('pods')
    old = pods
      .filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
      .filter(({ spec }) => {
        // A pod's.
        const { containers } = spec as unknown as PodSpec
        return containers.some(
          ({ image }) => image.startsWith(`${options.registry}/ebb/`) && !image.endsWith(`:${tag}`),
        )
      })
      .map(({ metadata }) => metadata.name)
    return old.length === 0
  }
  await untilTrue(look, { limitMs: LIMIT_MS, what: 'the roll-out' }).catch((fault: Error) => {
    throw new Error(`${fault.message}; there are still ${old.join(', ')}`)
  })
}
