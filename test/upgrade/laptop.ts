import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../../src/dev/postgres/index.ts'
import { type LoadResult, startLoad } from './load.ts'
import {
  commitAll,
  copyProject,
  type Kind,
  makeCheckout,
  makeProject,
  PATCHED_TEXT,
  run,
  trafficOf,
} from './projects.ts'
import type { Release } from './releases.ts'
import { type RunningProject, startProject } from './running-project.ts'
import { finishWork, startWork, untilSettled, type Work } from './work-in-flight.ts'

/** What is upgraded: a project of a release or of a packed Ebb, to another packed one. */
export interface Fixture {
  readonly kind: Kind
  readonly from: Release | string
  readonly to: string
  /** The steps by hand of the release that is gone to, by their headings. */
  readonly steps?: ReadonlyMap<string, string>
}

const AT_LEAST = 2_000
/** Requests before a server is changed, and after. */
const BEFORE = 300

/**
 * Upgrades a project while callers call it, as a rolling update does: both versions serve one database for a while. Then
 * back again. Yields what was found, a line each; throws where a request failed, or something was lost or done twice.
 */
export async function* upgradeOnLaptop(fixture: Fixture, folder: string): AsyncGenerator<string> {
  const { kind, from } = fixture
  const [before, after] = [join(folder, 'before'), join(folder, 'after')]
  const isCheckout = typeof from !== 'string'
  if (isCheckout) await makeCheckout(before, from.commit ?? '', kind)
  else await makeProject(before, from, kind)
  await copyProject(before, after)
  yield await upgrade(after, fixture)

  const postgres = await startPostgres(join(folder, 'postgres'))
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 })
  const homes = { old: join(folder, 'home-before'), new: join(folder, 'home-after') }
  const startOld = () => startProject(before, { databaseUrl: postgres.url, home: homes.old })
  const startNew = () => startProject(after, { databaseUrl: postgres.url, home: homes.new, secretsFrom: homes.old })
  let running: RunningProject | undefined
  try {
    running = await startOld()
    const work = kind === 'own' ? await startWork(running, pool) : undefined
    const there = await replace(running, startNew, fixture)
    running = there.running
    yield `there: ${figuresOf(there.result)}`
    if (work) await finishWork(work, running, after, pool)
    await untilSettled(pool)
    yield await checkEffects(there.result, pool, trafficOf(kind, isCheckout).table)
    if (kind === 'patched') await assertPatched(running)
    const left: Work | undefined = kind === 'own' ? await startWork(running, pool) : undefined
    const back = await replace(running, startOld, fixture)
    running = back.running
    yield `back: ${figuresOf(back.result)}`
    if (left) await finishWork(left, running, before, pool)
    await untilSettled(pool)
    yield await checkEffects(back.result, pool, trafficOf(kind, isCheckout).table)
  } finally {
    await running?.stop()
    await pool.end()
    await postgres.stop()
  }
}

/** Does what a person does, commits it, and returns what git says has changed beside the lock file and rendered files. */
async function upgrade(project: string, { from, to, kind, steps }: Fixture): Promise<string> {
  const before = (await run(project, 'git', ['rev-parse', 'HEAD'])).trim()
  if (typeof from === 'string') await run(project, 'npx', ['ebb', 'upgrade', to])
  else {
    const names =
      kind === 'patched' ? ['From a checkout', 'From a checkout with changes in the platform'] : ['From a checkout']
    for (const name of names) {
      const script = steps?.get(name)
      if (!script) throw new Error(`CHANGELOG.md has no steps "${name}"`)
      await run(project, 'bash', ['-euo', 'pipefail', '-c', script], { ...AUTHOR, EBB: to })
    }
  }
  const changed = (await run(project, 'git', ['diff', '--stat', '--stat-width=200', before])).trim().split('\n')
  await commitAll(project, 'Upgrade Ebb')
  const byHand = changed.filter((line) => line.includes('|') && !RENDERED.test(line.trim()))
  // What was a checkout loses the platform's files.
  if (typeof from !== 'string')
    return `${byHand.length} files have gone or changed beside the lock file and rendered ones`
  return `beside the lock file and rendered ones, ${byHand.map((line) => line.split('|')[0]?.trim()).join(', ')} changed`
}

/** For steps that commit: a machine may know nobody. */
const AUTHOR = Object.fromEntries(
  ['AUTHOR', 'COMMITTER'].flatMap((who) => [
    [`GIT_${who}_NAME`, 'Ada'],
    [`GIT_${who}_EMAIL`, 'ada@example.com'],
  ]),
)

const RENDERED =
  /^(k8s|charts\/ebb|Dockerfile|\.dockerignore|skaffold\.yaml|stack\.yml|docker-bake\.hcl|package-lock\.json)/

/** Starts the other version beside the one that runs, sends the callers there, and stops the first. */
async function replace(
  running: RunningProject,
  start: () => Promise<RunningProject>,
  { kind, from }: Fixture,
): Promise<{ readonly running: RunningProject; readonly result: LoadResult }> {
  const traffic = trafficOf(kind, typeof from !== 'string')
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

function figuresOf({ requests, failures, servedBy }: LoadResult): string {
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0)
  const figures = `${failed} of ${requests} requests failed, ${[...servedBy.values()].join(' and ')} by either version`
  if (failed === 0) return figures
  throw new Error(`${figures}: ${[...failures].map(([why, count]) => `${count} × ${why}`).join('; ')}`)
}

/** What was acknowledged is there, and each event of it was delivered once. */
async function checkEffects({ written }: LoadResult, pool: pg.Pool, table: string): Promise<string> {
  const { rows } = await pool.query<{ stored: number; events: number; delivered: number; received: number }>(
    `select (select count(*) from ${table} where id = any($1))::int as stored,
            (select count(*) from ebb.outbox where subject = any($1::text[]))::int as events,
            (select count(*) from ebb.delivery d join ebb.outbox o on o.id = d.event_id
               where o.subject = any($1::text[]) and d.state = 'done')::int as delivered,
            (select count(*) from ebb.inbox i join ebb.outbox o on o.id::text = i.id
               where o.subject = any($1::text[]))::int as received`,
    [written],
  )
  const { stored, events, delivered, received } = rows[0] ?? { stored: 0, events: 0, delivered: 0, received: 0 }
  const all = [stored, events, delivered, received]
  if (all.some((count) => count !== written.length))
    throw new Error(`${written.length} acknowledged; ${JSON.stringify(rows[0])}`)
  return `${written.length} acknowledged: all are stored once, and their events were delivered once`
}

async function assertPatched({ url }: RunningProject): Promise<void> {
  const page = await (await fetch(new URL('/docs', url))).text()
  if (!page.includes(PATCHED_TEXT)) throw new Error('the patch of the platform is gone')
}
