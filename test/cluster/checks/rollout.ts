import { fileURLToPath } from 'node:url'
import { untilTrue } from '../../support/until.ts'
import type { Check, Context } from '../context.ts'
import { chartOf, helm, untilReady, values } from '../install.ts'
import { figuresOf, startLoad } from '../load.ts'
import { runCommand } from '../run-command.ts'

const AT_LEAST = 2_000
const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url))
const PIPELINE = 'pipeline'

/** A new image of everything comes while requests do, and none of them notices. */
export const upgraded: Check = {
  name: 'helm upgrade under load',
  run: (context) => underLoad(context, context.options.nextTag, () => upgrade(context)),
}

async function upgrade(context: Context) {
  const { release, nextTag } = context.options
  await helm(context, ['upgrade', release, chartOf(context), ...(await values(context, nextTag))])
}

/** The way back is as quiet: the step of the pipeline, run as its job is, after a deployment that never came up and that helm has taken back. */
export const rolledBack: Check = {
  name: 'rollback: the job of the pipeline, under load',
  run: async (context) => {
    const { release, tag, nextTag } = context.options
    const deployed = JSON.parse(await helm(context, ['get', 'values', release, '--output', 'json']))
    if (deployed.image.tag !== nextTag) {
      await upgrade(context)
      await untilRolledOut(context, nextTag)
    }
    const env = await jobOf(context)
    let seconds = 0
    const figures = await underLoad(context, tag, async () => {
      await deployBroken(context)
      const beganAt = Date.now()
      context.log(await runCommand('bash', ['.ci/rollback'], { cwd: CHECKOUT, env, limitMs: 900_000 }))
      seconds = (Date.now() - beganAt) / 1_000
    })
    return `${figures}, a deployment that never came up among them; the job took ${seconds.toFixed(0)} s`
  },
}

/** As `deploy` does, with an image that there is none of, and less patience. */
async function deployBroken(context: Context) {
  const words = ['upgrade', context.options.release, chartOf(context), ...(await values(context, 'never-built'))]
  const ended = await helm(context, [...words, '--atomic', '--timeout', '30s']).catch(({ message }: Error) => message)
  if (!ended.includes('failed')) throw new Error(`a deployment without images came up: ${ended}`)
  const [last] = JSON.parse(await helm(context, ['history', context.options.release, '--max', '1', '--output', 'json']))
  context.log(`helm says: ${last.description}`)
  // Until its deadline the migration waits for its image, and has a place on the node that the roll-out needs on a small one.
  await context.kubectl.text(['delete', 'jobs', '--field-selector', 'status.successful=0', '--wait=false'])
}

/** What a forge gives to its job: the cluster, and the token of an account that may change this namespace and no other. */
async function jobOf({ kubectl, options }: Context) {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: PIPELINE } }
  const binding = {
    ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: PIPELINE } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    subjects: [{ kind: 'ServiceAccount', name: PIPELINE, namespace: options.namespace }],
  }
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [account, binding] })
  await kubectl.text(['apply', '--filename', '-'], { input })
  const config = JSON.parse(
    await kubectl.text(['config', 'view', '--raw', '--minify', '--flatten', '--output', 'json']),
  )
  const { server, 'certificate-authority-data': ca } = config.clusters[0].cluster
  return {
    ...{ NAMESPACE: options.namespace, RELEASE: options.release, KUBE_SERVER: String(server) },
    KUBE_CA: Buffer.from(String(ca), 'base64').toString(),
    KUBE_TOKEN: (await kubectl.text(['create', 'token', PIPELINE])).trim(),
  }
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
