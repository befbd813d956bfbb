import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { CONFORMANCE_CONTRACTS } from '../../src/conformance/conformance-contracts.ts'
import { render } from '../../src/deploy/render/index.ts'
import { conformanceProject } from '../conformance/conformance-project.ts'
import { byName, OPTIONS } from '../render/fixture.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'

let project: Awaited<ReturnType<typeof conformanceProject>>
let ebb: TestEbb
let checks: readonly Readonly<Record<string, unknown>>[]
beforeAll(async () => {
  project = await conformanceProject()
  const files = render(byName(...CONFORMANCE_CONTRACTS), OPTIONS)
  checks = parse(files['charts/ebb/functions.yaml'] ?? '').checks
  ebb = await startEbb({ root: project.root })
})
afterAll(async () => {
  await ebb.stop()
  await project.remove()
})

/** Runs what `helm test` runs in a pod. */
async function contractTest(asked: typeof checks, { adminKey = ebb.ready.adminKey, more = {} } = {}) {
  const [keyFile, checksFile] = [join(ebb.folder, 'admin-key'), join(ebb.folder, 'checks.json')]
  await writeFile(keyFile, adminKey)
  await writeFile(checksFile, JSON.stringify(asked))
  const addresses = { GATEWAY: ebb.ready.url, ADMIN: ebb.ready.admin }
  const env = { ...addresses, EBB_ADMIN_KEY_FILE: keyFile, CHECKS: checksFile, ...more }
  const child = spawn(process.execPath, ['charts/ebb/files/contract-test.mjs'], { env, stdio: 'pipe' })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, output }
}
const checkOf = (name: string) => ({ ...checks.find((check) => check.function === name) })

async function keysOfTests() {
  const headers = { authorization: `Bearer ${ebb.ready.adminKey}` }
  const answer = await fetch(new URL('/v1/keys', ebb.ready.admin), { headers })
  const { keys } = (await answer.json()) as { keys: { subject: string; revokedAt: string | null }[] }
  return keys.filter(({ subject }) => subject.startsWith('helm-test.'))
}

describe('helm test', () => {
  it('asks each endpoint for its example, waits for the events of what it wrote, and leaves no live key', async () => {
    const { code, output } = await contractTest(checks)
    expect([code, output]).toEqual([
      0,
      expect.stringContaining(`${checks.length} of ${checks.length} contracts are kept`),
    ])
    expect(output).toContain('conformance-list (GET /v1/conformance/batches?limit=1) answers 200\n')
    expect(output).toContain(
      'conformance-write (POST /v1/conformance/entries) answers 201, conformance.written is delivered to conformance-note\n',
    )
    expect(await keysOfTests()).toEqual([expect.objectContaining({ revokedAt: expect.any(String) })])
  })

  it('takes a failure that the contract declares for an answer', async () => {
    const look = { ...checkOf('conformance-look'), target: '/v1/conformance/batches/NONE' }
    const { code, output } = await contractTest([look])
    expect([code, output]).toEqual([0, expect.stringContaining('answers 404 batch_not_found, as it may')])
  })

  it('fails where the answer is not what the contract says, and says so of each', async () => {
    const other = { ...checkOf('conformance-list'), status: 204 }
    const gone = { ...checkOf('conformance-look'), path: '/v1/gone/{batch}' }
    const refused = { ...checkOf('conformance-hold'), body: '{}' }
    const { code, output } = await contractTest([other, gone, refused, checkOf('conformance-write')])
    expect(code).toBe(1)
    expect(output).toMatch(/FAILED: conformance-list .*: it answers 200 instead of 204/)
    expect(output).toMatch(/FAILED: conformance-look .*: it is not in the OpenAPI document/)
    expect(output).toMatch(/FAILED: conformance-hold .*: it answers 400 instead of 201: .*body\.batch/)
    expect(output).toContain('1 of 4 contracts are kept')
    expect((await keysOfTests()).filter(({ revokedAt }) => revokedAt === null)).toEqual([])
  })

  it('fails where a subscriber of the contract gets no event', async () => {
    const check = { ...checkOf('conformance-write'), events: { 'conformance.written': ['nobody'] } }
    const { code, output } = await contractTest([check], { more: { LIMIT_MS: '1000' } })
    expect([code, output]).toEqual([
      1,
      expect.stringMatching(/its conformance\.written is not with nobody after \d+ ms/),
    ])
  })

  it('needs no function, and the key of the admin port only for what needs a key', async () => {
    const { code, output } = await contractTest([], { adminKey: 'another key of 16 characters' })
    expect([code, output]).toEqual([0, expect.stringContaining('0 of 0 contracts are kept')])
    const refused = await contractTest(checks, { adminKey: 'another key of 16 characters' })
    expect([refused.code, refused.output]).toEqual([1, expect.stringContaining('/v1/keys answered 401')])
  })
})
