import { untilTrue } from '../../support/until.ts'
import type { Check, Context } from '../context.ts'
import { chartOf, helm, untilReady, values } from '../install.ts'
import { figuresOf, startLoad } from '../load.ts'

const AT_LEAST = 2_000

/** A new image of everything comes while requests do, and none of them notices. */
export const upgraded: Check = {
  name: 'helm upgrade under load',
  run: (context) =>
    underLoad(context, context.options.nextTag, async () => {
      await helm(context, [
        'upgrade',
        context.options.release,
        chartOf(context),
        ...(await values(context, context.options.nextTag)),
      ])
    }),
}

/** The way back is as quiet. */
export const rolledBack: Check = {
  name: 'helm rollback under load',
  run: (context) =>
    underLoad(context, context.options.tag, async () => {
      await helm(context, ['rollback', context.options.release])
    }),
}

async function underLoad(context: Context, tag: string, change: () => Promise<void>): Promise<string> {
  const load = await startLoad(context)
  const beganAt = Date.now()
  try {
    await change()
    await untilReady(context)
    await untilRolledOut(context, tag)
  } catch (error) {
    await load.stop()
    throw error
  }
  const seconds = ((Date.now() - beganAt) / 1_000).toFixed(0)
  return `${figuresOf(await load.stop(AT_LEAST))}; rolled out in ${seconds} s`
}

const ROLL_OUT_LIMIT_MS = 300_000

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
  await untilTrue(look, { limitMs: ROLL_OUT_LIMIT_MS, what: 'the roll-out' }).catch((error: Error) => {
    throw new Error(`${error.message}; there are still ${old.join(', ')}`)
  })
}
