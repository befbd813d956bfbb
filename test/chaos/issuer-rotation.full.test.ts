import { expect, it } from '@jest/globals'
import { ADMIN, gatewaySettings, spawnGateway } from '../../services/gateway/test-support.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { createTestKey, startTestIssuer } from '../support/test-issuer.ts'
import { untilTrue } from '../support/until.ts'

const database = testDatabase()
const CALLERS = 8
const ROTATIONS = 5

/** Of one gateway: what came of the tokens that are signed now, and of those of a key that was withdrawn. */
interface Counts {
  good: number
  readonly wrong: number[]
  lastPassOfWithdrawnAt: number
}

it('keys that rotate, and an issuer that stops, under load on two gateways: no wrong answer', async () => {
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const issuer = await startTestIssuer()
  const all = { ...env, EBB_ISSUERS: JSON.stringify([issuer.settings()]), LOG_LEVEL: 'info' }
  const spawned = [spawnGateway(all), spawnGateway(all)]
  const gateways = await Promise.all(
    spawned.map(async ({ listening }) => {
      const { port, adminPort } = await listening
      return { url: `http://127.0.0.1:${port}/v1/things`, admin: `http://127.0.0.1:${adminPort}/v1/issuers` }
    }),
  )
  const statusOf = async (url: string, token: string) => {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    await response.body?.cancel()
    return response.status
  }
  const kidsAt = async ({ admin }: { readonly admin: string }) => {
    const { issuers } = (await (await fetch(admin, { headers: ADMIN })).json()) as { issuers: { kids: string[] }[] }
    return issuers[0]?.kids ?? []
  }
  const refresh = () => fetch(`${gateways[0]?.admin}/refresh`, { method: 'POST', headers: ADMIN })

  let [signing, withdrawn, running] = [issuer.key, '', true]
  const counts = gateways.map((): Counts => ({ good: 0, wrong: [], lastPassOfWithdrawnAt: 0 }))
  const callers = gateways.flatMap(({ url }, i) =>
    Array.from({ length: CALLERS }, async () => {
      const own = counts[i]
      while (running && own) {
        // One that is new, the same one when it is remembered, and one that must not be accepted.
        const fresh = issuer.token({ by: signing })
        const statuses = [await statusOf(url, fresh), await statusOf(url, fresh)]
        for (const status of statuses) status === 200 ? own.good++ : own.wrong.push(status)
        if (withdrawn !== '' && (await statusOf(url, withdrawn)) === 200) own.lastPassOfWithdrawnAt = performance.now()
      }
    }),
  )
  await untilTrue(() => counts.every(({ good }) => good > 20))
  const delays: number[] = []
  for (let i = 0; i < ROTATIONS; i++) {
    const [before, next] = [signing, await createTestKey()]
    issuer.publish(next)
    // The first is found by its unknown kid; those that follow within 30 s are published ahead, as issuers do.
    if (i > 0) await refresh()
    if (i > 0)
      await untilTrue(async () => (await Promise.all(gateways.map(kidsAt))).every((kids) => kids.includes(next.kid)))
    signing = next
    const old = issuer.token({ by: before })
    for (const { url } of gateways) expect(await statusOf(url, old)).toBe(200)
    const marks = counts.map(({ good }) => good + 20)
    await untilTrue(() => counts.every(({ good }, n) => good > (marks[n] ?? 0)))
    withdrawn = old
    issuer.withdraw(before)
    const withdrawnAt = performance.now()
    await refresh()
    for (const { url } of gateways) await untilTrue(async () => (await statusOf(url, old)) === 401)
    withdrawn = ''
    delays.push(...counts.map(({ lastPassOfWithdrawnAt }) => Math.max(0, lastPassOfWithdrawnAt - withdrawnAt)))
  }
  await issuer.stop()
  await refresh()
  const marks = counts.map(({ good }) => good + 50)
  await untilTrue(() => counts.every(({ good }, n) => good > (marks[n] ?? 0)))
  await issuer.start()
  await refresh()
  running = false
  await Promise.all(callers)
  expect(counts.map(({ wrong }) => wrong)).toEqual([[], []])
  // Far from what it takes, which is some milliseconds: a busy machine breaks no test.
  expect(Math.max(...delays)).toBeLessThan(10_000)
  if (process.env.EBB_PRINT) process.stderr.write(`${JSON.stringify({ counts, delays })}\n`)
})
