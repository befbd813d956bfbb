import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { readAnnouncement } from '../../src/dev/announcement.ts'
import { findFreePort } from '../../src/dev/ports.ts'
import { startPostgres } from '../../src/dev/postgres/index.ts'
import { blocksOf } from '../docs/page-blocks.ts'
import { createPageProject, removeTemplate, startProject } from '../docs/page-project.ts'
import { untilTrue } from '../support/until.ts'
import { startSeaweed } from './start-seaweed.ts'

/**
 * The functions and the notification.toml of a guide page on a SeaweedFS that tells of each file: half of them arrive while Ebb is
 * away. Each is one row that is stored and one `object.stored`.
 */
const PAGE = 'docs/guide/44-store-events.md'
const INDEX = "import { serve } from 'ebb/http'\nimport handler from './handler.ts'\n\nserve(handler)\n"
const LIMIT_MS = 300_000
const AT_ONCE = 8

const { values } = parseArgs({
  options: { weed: { type: 'string', default: 'weed' }, files: { type: 'string', default: '300' } },
})
const count = Number(values.files)
const token = randomUUID()

await using opened = new AsyncDisposableStack()
opened.defer(removeTemplate)
const folder = await mkdtemp(join(tmpdir(), 'ebb-store-events-'))
opened.defer(() => rm(folder, { recursive: true, force: true }))
const project = await createPageProject()
opened.defer(project.remove)
const blocks = blocksOf(PAGE)
for (const { file, text } of blocks) {
  if (!file) continue
  await project.write(file, text)
  if (file.endsWith('/handler.ts')) await project.write(file.replace('handler.ts', 'index.ts'), INDEX)
}

const port = await findFreePort()
const notification = blocks.find(({ text }) => text.startsWith('# notification.toml'))?.text ?? ''
const store = await startSeaweed({
  ...{ weed: values.weed, folder },
  notification: notification
    .replace('https://api.example.com', `http://127.0.0.1:${port}`)
    .replace('the value of STORE_TOKEN', token),
})
opened.defer(store.stop)
const database = await startPostgres(join(folder, 'postgres'))
opened.defer(() => database.stop())
const pool = new pg.Pool({ connectionString: database.url, max: 1 })
opened.defer(() => pool.end())
const env = { PORT: String(port), DATABASE_URL: database.url, EBB_OBJECTS_URL: store.url, STORE_TOKEN: token }
let ebb = await startProject(project.root, env)
opened.defer(() => ebb.stop())
const { keys } = await readAnnouncement(project.root)

interface Begun {
  readonly id: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly content: string
}

async function begin(_: unknown, number: number): Promise<Begun> {
  const content = `file ${number}`
  const sha256 = createHash('sha256').update(content).digest('hex')
  const response = await fetch(`${ebb.ready.url}/v1/files`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': keys.writer ?? '' },
    body: JSON.stringify({ bytes: content.length, sha256 }),
  })
  const begun = (await response.json()) as Omit<Begun, 'content'>
  if (response.status !== 201) throw new Error(`an upload was refused: ${JSON.stringify(begun)}`)
  return { ...begun, content }
}

async function upload({ url, headers, content }: Begun) {
  const { status } = await fetch(url, { method: 'PUT', headers, body: content })
  if (status !== 200) throw new Error(`the store answered ${status}`)
}

/** Tells of a file that the store has told of, or will. */
async function tellAgain({ id }: Begun) {
  const { status } = await fetch(`${ebb.ready.url}/v1/receive/store`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ event_type: 'create', key: `/buckets/objects/${id}` }),
  })
  if (status !== 202) throw new Error(`a notification was answered ${status}`)
}

async function inTurns<Item, Result>(items: readonly Item[], work: (item: Item, i: number) => Promise<Result>) {
  const results: Result[] = []
  const waiting = items.entries()
  const lane = async () => {
    for (const [i, item] of waiting) results[i] = await work(item, i)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return results
}

const ask = async (text: string) =>
  Number((await pool.query<{ n: string }>(`select count(*) as n from ${text}`)).rows[0]?.n)
const untilStored = (files: number) =>
  untilTrue(async () => (await ask('files where stored')) >= files, { limitMs: LIMIT_MS, what: `${files} files` })

const files = await inTurns(Array(count).fill(undefined), begin)
// Nobody ever uploads this one.
await begin(undefined, count)
const half = count >> 1
const startedAt = performance.now()
await inTurns(files.slice(0, half), upload)
await inTurns(files.slice(0, half >> 1), tellAgain)
await untilStored(half)
const secondsOfHalf = (performance.now() - startedAt) / 1_000
await ebb.stop()
await inTurns(files.slice(half), upload)
const awayAt = performance.now()
ebb = await startProject(project.root, env)
await untilStored(count)
const secondsAfter = (performance.now() - awayAt) / 1_000
await untilTrue(async () => (await ask(`ebb.delivery where consumer = 'take-stored'`)) === 0)

const found = {
  rows: await ask('files where stored'),
  waiting: await ask('files where not stored'),
  objects: await ask(`ebb.object where state = 'stored'`),
  webhooks: await ask('ebb.received_webhook'),
  events: await ask(`ebb.outbox where type = 'object.stored'`),
  ofObjects: await ask(`(select distinct subject from ebb.outbox where type = 'object.stored') as told`),
}
const expected = { rows: count, waiting: 1, objects: count, webhooks: count, events: count, ofObjects: count }
console.log(
  `${count} files: ${half} told of in ${secondsOfHalf.toFixed(1)} s, and ${count - half} that came while Ebb was away in ${secondsAfter.toFixed(1)} s from its start; ${JSON.stringify(found)}`,
)
if (JSON.stringify(found) !== JSON.stringify(expected)) {
  console.log(`expected ${JSON.stringify(expected)}`)
  process.exitCode = 1
}
