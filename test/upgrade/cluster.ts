import { callAdmin } from '../cluster/callers.ts'
import { untilRolledOut } from '../cluster/checks/rollout.ts'
import { type Context, openContext } from '../cluster/context.ts'
import { buildImages } from '../cluster/images.ts'
import { chartOf, helm, install, makeNamespace, untilReady, values } from '../cluster/install.ts'
import type { Options } from '../cluster/options.ts'
import { databaseInPod } from './database.ts'
import { checkEffects, figuresOf } from './effects.ts'
import { startLoad } from './load.ts'
import { AT_LEAST, type Fixture, makePair } from './pair.ts'
import { trafficOf } from './projects.ts'
import { finishWork, type Platform, startWork, untilSettled } from './work-in-flight.ts'

/** Upgrades a project in a cluster by `helm upgrade`, under load and with work in flight, and rolls it back. */
export async function* upgradeOnCluster(fixture: Fixture, folder: string, options: Options): AsyncGenerator<string> {
  const { before, after, found } = await makePair(fixture, folder)
  yield found
  if (options.build) {
    await buildImages(before, options.tag, options)
    await buildImages(after, options.nextTag, options)
    yield 'images are built'
  }
  let context = await openContext(options, before)
  try {
    await makeNamespace(context)
    const secret = ['create', 'secret', 'generic', 'visits', '--from-literal=VISIT_SALT=salt']
    await context.kubectl.text(secret)
    await install(context, WITH_SECRETS)
    const { traffic, table } = trafficOf(fixture)
    const database = databaseInPod(context)
    let platform = await platformOf(context, traffic.role, SCOPES[traffic.role] ?? [])
    for (const [way, project, tag] of [
      ['there', after, options.nextTag],
      ['back', before, options.tag],
    ] as const) {
      const work = fixture.kind === 'own' ? await startWork(platform, database) : undefined
      const load = startLoad(traffic, platform.keys[traffic.role] ?? '', platform.url)
      const upgraded = upgrade({ ...context, project }, tag)
      await upgraded.catch(() => load.stop(0))
      await upgraded
      const result = await load.stop(AT_LEAST)
      yield `${way}: ${figuresOf(result)}`
      // A forwarded port ends with the pod that it leads to.
      await context.close()
      context = await openContext(options, project)
      platform = { ...platform, admin: await context.admin() }
      if (work) await finishWork(work, platform, project, database)
      await untilSettled(database)
      yield await checkEffects(result, database, table)
    }
  } finally {
    await context.close()
  }
}

const WITH_SECRETS = ['--set', 'functionSecrets.existingSecret=visits']
const SCOPES: Readonly<Record<string, readonly string[]>> = {
  customer: ['users:write', 'orders:write'],
  visitor: ['visits:write'],
  writer: ['notes:write'],
}

async function upgrade(context: Context, tag: string): Promise<void> {
  const words = [...(await values(context, tag)), ...WITH_SECRETS]
  await helm(context, ['upgrade', context.options.release, chartOf(context), ...words])
  await untilReady(context)
  await untilRolledOut(context, tag)
}

/** How to reach what is installed, with a key for a role. */
async function platformOf(context: Context, role: string, scopes: readonly string[]): Promise<Platform> {
  const { token } = await callAdmin<{ token: string }>(context, '/v1/keys', { subject: `upgrade.${role}`, scopes })
  return {
    url: await context.gateway(),
    admin: await context.admin(),
    adminKey: await context.kubectl.secret(`${context.options.release}-gateway`, 'admin-key'),
    keys: { [role]: token },
  }
}
