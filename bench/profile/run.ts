/**
 * node bench/profile/run.ts [runs]
 *
 * Where the cold start of place-order goes, up to its first order in Postgres, in its image's layout: Node's own CPU
 * profile of so many runs (8), by package and by function, in milliseconds a run, with the sources' own names. Profiling
 * makes all of it slower, about one and a half times: read shares, not times.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareStart } from '../measure/prepare-start.ts'
import { ourSubjects } from '../measure/subjects.ts'
import { type CpuProfile, readProfile } from './read-profile.ts'

const runs = Number(process.argv[2] ?? 8)
const SUBJECT = 'ebb place-order, 201'
const INTERVAL_MICROS = 50
const ROWS = 30

await using ours = await ourSubjects()
const subject = ours.subjects.find(({ name }) => name === SUBJECT)
if (!subject) throw new Error(`there is no subject called ${SUBJECT}`)
const byPart = new Map<string, number>()
const byFunction = new Map<string, number>()
for (let run = 0; run < runs; run++) {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-profile-'))
  const flags = ['--cpu-prof', `--cpu-prof-interval=${INTERVAL_MICROS}`, `--cpu-prof-dir=${folder}`]
  const start = await prepareStart({ ...subject, args: [...flags, ...subject.args] })
  const started = await start()
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  started.onExit(resolve)
  process.kill(started.pid, 'SIGTERM')
  await ended
  const [file = ''] = await readdir(folder)
  const profile: CpuProfile = JSON.parse(await readFile(join(folder, file), 'utf8'))
  for (const { part, place, ms } of readProfile(profile, { untilMs: started.firstAnswerMs })) {
    byPart.set(part, (byPart.get(part) ?? 0) + ms / runs)
    byFunction.set(place, (byFunction.get(place) ?? 0) + ms / runs)
  }
  await rm(folder, { recursive: true })
}
print('package', byPart)
print('function', byFunction)

function print(what: string, spent: ReadonlyMap<string, number>) {
  const rows = [...spent].toSorted(([, a], [, b]) => b - a).slice(0, ROWS)
  console.table(rows.map(([name, ms]) => ({ [what]: name, 'ms a run': ms.toFixed(2) })))
}
