import { rm } from 'node:fs/promises'
import type { RunningPostgres } from '../../src/dev/postgres/index.ts'

/** Leaves nothing of the run behind. */
export default async function stop() {
  const { ebbTestRun } = globalThis as unknown as { ebbTestRun: { folder: string; postgres: RunningPostgres } }
  await ebbTestRun.postgres.stop()
  await rm(ebbTestRun.folder, { recursive: true, force: true })
}
