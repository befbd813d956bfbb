import { type Outcome, runConformance, type Target } from '../../../src/conformance/index.ts'
import { untilTrue } from '../../support/until.ts'
import type { Check, Context } from '../context.ts'
import { openfaasFunctions } from '../openfaas/deploy-stack.ts'

/** The suite that runs on the laptop, against this cluster. */
export const conforms: Check = {
  name: 'conformance',
  run: async (context) => {
    const outcomes = await runConformance(await targetOf(context))
    const of = (wanted: Outcome['outcome']) => outcomes.filter(({ outcome }) => outcome === wanted)
    const rows = outcomes.map(({ name, outcome, tookMs, why = '' }) => [name, outcome, `${tookMs}`, why.slice(0, 200)])
    context.tables.push({ title: 'Conformance', rows: [['CASE', 'OUTCOME', 'MS', ''], ...rows] })
    const figures = `${of('passed').length} passed, ${of('failed').length} failed, ${of('skipped').length} skipped`
    const failed = of('failed').map(({ name, why }) => `${name}: ${why}`)
    if (failed.length > 0) throw new Error(`${figures}: ${failed.join('; ')}`)
    return figures
  },
}

async function targetOf(context: Context): Promise<Target> {
  const { kubectl, options } = context
  const adminKey = await kubectl.secret(`${options.release}-gateway`, 'admin-key')
  return {
    url: await context.gateway(),
    admin: { url: await context.admin(), key: adminKey },
    restartFunction: (name) => restart(context, name),
  }
}

async function restart({ kubectl, options }: Context, name: string) {
  if (options.engine !== 'knative') {
    const { text } = options.engine === 'openfaas' ? openfaasFunctions() : kubectl
    await text(['rollout', 'restart', `deployment/${name}`])
    await text(['rollout', 'status', `deployment/${name}`], { limitMs: 180_000 })
    return
  }
  const before = await kubectl.get('services.serving.knative.dev', name)
  const annotations = { 'ebb.dev/restarted-at': new Date().toISOString() }
  const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } })
  await kubectl.text(['patch', 'services.serving.knative.dev', name, '--type', 'merge', '--patch', patch])
  const isNew = async () => {
    const { status } = await kubectl.get('services.serving.knative.dev', name)
    return status?.latestReadyRevisionName !== before.status?.latestReadyRevisionName
  }
  await untilTrue(isNew, { limitMs: 180_000, what: `a new revision of ${name}` })
}
