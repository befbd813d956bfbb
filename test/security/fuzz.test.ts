import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { TEST_PROJECT } from '../support/project.ts'
import { SEED } from '../support/seed.ts'
import { runFuzz } from './fuzz/run-fuzz.ts'
import { startWall, type Wall } from './wall.ts'

/** `npm run fuzz -- --requests 20000 --seed 7` runs more of them. */
const REQUESTS = Number(process.env.EBB_FUZZ_REQUESTS ?? (process.env.EBB_TEST_SCALE === 'full' ? 2_000 : 500))
/** What ends one that hangs. */
const LIMIT_MS = 120_000 + REQUESTS * 200

let wall: Wall
afterAll(() => wall.close())
const database = testDatabase()
beforeAll(async () => {
  wall = await startWall(TEST_PROJECT, database.url)
})

it(
  `${REQUESTS} requests over every route: no 5xx, each answer as the document says, and what is refused changes nothing`,
  async () => {
    const { statuses, endpoints, refused, changed } = await runFuzz(wall, TEST_PROJECT, {
      requests: REQUESTS,
      seed: SEED,
    })
    const total = [...statuses.values()].reduce((sum, count) => sum + count, 0)
    process.stderr.write(
      `fuzz, seed ${SEED}: ${total} requests, ${refused} refused; ${JSON.stringify(Object.fromEntries([...statuses].sort()))}\n`,
    )
    expect(total).toBe(REQUESTS)
    expect([...endpoints].filter(([, count]) => count === 0)).toEqual([])
    // Each account and each order is a row at least, and its event, and its response.
    expect(changed).toBeGreaterThanOrEqual(3 * (statuses.get(201) ?? 0))
    // It reaches what lies behind the wall, and not the wall alone.
    for (const status of [200, 201, 400, 401, 403, 404]) expect([status, statuses.has(status)]).toEqual([status, true])
  },
  LIMIT_MS,
)
