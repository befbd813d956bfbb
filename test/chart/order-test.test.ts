import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { startEbb, type TestEbb } from '../support/ebb.ts'

let ebb: TestEbb
beforeAll(async () => {
  ebb = await startEbb()
})
afterAll(() => ebb.stop())

/** Runs what `helm test` runs in a pod. */
async function orderTest(env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['charts/ebb/files/order-test.mjs'], { env, stdio: 'pipe' })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, output }
}

it('helm test places an order, waits for its receipt, and leaves no live key', async () => {
  const file = join(ebb.folder, 'admin-key')
  await writeFile(file, ebb.ready.adminKey)
  const env = { GATEWAY: ebb.ready.url, ADMIN: ebb.ready.admin, EBB_ADMIN_KEY_FILE: file }
  const { code, output } = await orderTest(env)
  expect([code, output]).toEqual([0, expect.stringMatching(/order \S+ of \S+ is placed\n.*its receipt is mailed/)])
  const headers = { authorization: `Bearer ${ebb.ready.adminKey}` }
  const answer = await fetch(new URL('/v1/keys', ebb.ready.admin), { headers })
  const { keys } = (await answer.json()) as { keys: { subject: string; revokedAt: string | null }[] }
  const mine = keys.filter(({ subject }) => subject.startsWith('helm-test.'))
  expect(mine).toEqual([expect.objectContaining({ revokedAt: expect.any(String) })])

  await writeFile(file, 'another key of 16 characters')
  const refused = await orderTest(env)
  expect(refused.code).toBe(1)
  expect(refused.output).toContain('/v1/keys answered 401')
})
