import { join } from 'node:path'
import { startPostgres } from '../../src/dev/postgres/index.ts'
import { conform } from './conform.ts'
import { openDatabase } from './database.ts'
import { checkEffects, figuresOf } from './effects.ts'
import { type LoadResult, startLoad, type Traffic } from './load.ts'
import { AT_LEAST, type Fixture, makePair } from './pair.ts'
import { PATCHED_TEXT, trafficOf } from './projects.ts'
import { type RunningProject, startProject } from './running-project.ts'
import { countDead, finishWork, startWork, untilSettled } from './work-in-flight.ts'

/** Requests before a server is changed, and after. */
const BEFORE = 300

/**
 * Upgrades a project while callers call it, as a rolling update does: both versions serve one database for a while. Then
 * back again. Yields what was found, a line each; throws where a request failed, or something was lost or done twice.
 */
export async function* upgradeOnLaptop(fixture: Fixture, folder: string): AsyncGenerator<string> {
  const { before, after, found } = await makePair(fixture, folder)
  yield found
  const { traffic, table } = trafficOf(fixture)
  const postgres = await startPostgres(join(folder, 'postgres'))
  const database = openDatabase(postgres.url)
  const homes = { before: join(folder, 'home-before'), after: join(folder, 'home-after') }
  const startBefore = () => startProject(before, { databaseUrl: postgres.url, home: homes.before })
  const startAfter = () =>
    startProject(after, { databaseUrl: postgres.url, home: homes.after, secretsFrom: homes.before })
  let running: RunningProject | undefined
  try {
    running = await startBefore()
    yield await conform(before, running)
    for (const [way, project, start] of [
      ['there', after, startAfter],
      ['back', before, startBefore],
    ] as const) {
      const dead = await countDead(database)
      const work = fixture.kind === 'own' ? await startWork(running, database) : undefined
      const replaced = await replace(running, start, traffic)
      running = replaced.running
      yield `${way}: ${figuresOf(replaced.result)}`
      if (work) await finishWork(work, running, project, database)
      await untilSettled(database, dead)
      yield await checkEffects(replaced.result, database, table)
      yield await conform(project, running)
      if (fixture.kind === 'patched') await assertPatched(running)
    }
  } finally {
    await running?.stop()
    await database.close()
    await postgres.stop()
  }
}

/** Starts the other version beside the one that runs, sends the callers there, and stops the first. */
async function replace(
  running: RunningProject,
  start: () => Promise<RunningProject>,
  traffic: Traffic,
): Promise<{ readonly running: RunningProject; readonly result: LoadResult }> {
  const load = startLoad(traffic, running.keys[traffic.role] ?? '', running.url)
  try {
    await load.sentAtLeast(BEFORE)
    const next = await start()
    load.switchTo(next.url)
    await load.sentAtLeast(load.sent() + BEFORE)
    await running.stop()
    return { running: next, result: await load.stop(AT_LEAST) }
  } catch (error) {
    await load.stop(0)
    throw error
  }
}

async function assertPatched({ url }: RunningProject): Promise<void> {
  const page = await (await fetch(new URL('/docs', url))).text()
  if (!page.includes(PATCHED_TEXT)) throw new Error('the patch of the platform is gone')
}
