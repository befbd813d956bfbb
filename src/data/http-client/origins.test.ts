import { describe, expect, it } from '@jest/globals'
import { type AttemptResult, createCircuitBreaker } from './origins.ts'
import { closedOrigin, errorOf, serve, setUpHttp } from './test-support.ts'

function setUpBreaker() {
  const clock = { ms: 0 }
  const turns: string[] = []
  const breaker = createCircuitBreaker({
    now: () => clock.ms,
    onOpen: () => void turns.push('open'),
    onClose: () => void turns.push('closed'),
  })
  const tries = (...healths: readonly AttemptResult[]) =>
    healths.map((health) => breaker.tryAcquire()?.(health) ?? undefined)
  return { clock, turns, breaker, tries }
}

describe('a breaker', () => {
  it('opens when half of the last tries failed, and not before there are five', () => {
    const { tries, turns } = setUpBreaker()
    tries('failed', 'failed', 'failed', 'failed')
    expect(turns).toEqual([])
    tries('failed')
    expect(turns).toEqual(['open'])
    const other = setUpBreaker()
    other.tries('well', 'well', 'well', 'failed', 'failed', 'unknown')
    expect(other.turns).toEqual([])
    other.tries('failed')
    expect(other.turns).toEqual(['open'])
  })

  it('forgets what is older than 30 s', () => {
    const { clock, tries, turns } = setUpBreaker()
    tries('failed', 'failed', 'failed', 'failed')
    clock.ms += 30_000
    tries('failed')
    expect(turns).toEqual([])
  })

  it('sees that an origin fails that was well for long', () => {
    const { tries, turns } = setUpBreaker()
    tries(...Array<AttemptResult>(1_000).fill('well'), ...Array<AttemptResult>(9).fill('failed'))
    expect(turns).toEqual([])
    tries('failed')
    expect(turns).toEqual(['open'])
  })

  it('heeds nothing that began before it opened', () => {
    const { breaker, tries, turns, clock } = setUpBreaker()
    const [well, failed] = [breaker.tryAcquire()!, breaker.tryAcquire()!]
    tries(...Array<AttemptResult>(5).fill('failed'))
    well('well')
    clock.ms += 4_999
    failed('failed')
    expect(breaker.tryAcquire()).toBeUndefined()
    clock.ms += 1
    expect(breaker.tryAcquire()).toBeDefined()
    expect(turns).toEqual(['open'])
  })

  it('lets one probe through, which decides; one that says nothing is followed by another', () => {
    const { breaker, tries, turns, clock } = setUpBreaker()
    tries(...Array<AttemptResult>(5).fill('failed'))
    clock.ms += 5_000
    const probe = breaker.tryAcquire()!
    expect(breaker.tryAcquire()).toBeUndefined()
    probe('unknown')
    breaker.tryAcquire()!('failed')
    expect(breaker.tryAcquire()).toBeUndefined()
    clock.ms += 5_000
    breaker.tryAcquire()!('well')
    tries('failed', 'failed', 'failed', 'failed')
    expect(turns).toEqual(['open', 'open', 'closed'])
  })
})

describe('an origin that keeps failing', () => {
  it('is left alone, and is tried with one request', async () => {
    let [asked, well] = [0, false]
    const origin = await serve((_request, response) => {
      asked++
      response.writeHead(well ? 200 : 503).end()
    })
    const { http, clock, messages } = setUpHttp()
    for (let i = 0; i < 5; i++) await http.post(origin)
    expect(await errorOf(http.post(`${origin}/a?b`))).toMatchObject({
      code: 'breaker_open',
      url: `${origin}/a`,
      attempts: 0,
    })
    expect(asked).toBe(5)
    well = true
    clock.ms += 5_000
    const calls = await Promise.all(Array.from({ length: 10 }, () => errorOf(http.post(origin))))
    expect(calls.filter((fault) => fault === undefined)).toHaveLength(1)
    expect(asked).toBe(6)
    await http.post(origin)
    const left = 'an origin keeps failing; it is left alone for a while'
    expect(messages()).toEqual([left, 'an origin answers again'])
  })

  it('is no reason to leave another one alone', async () => {
    const [here, there] = [await closedOrigin(), await serve((_request, response) => void response.end('there'))]
    const { http } = setUpHttp()
    // The breaker opens at the fifth try, and the fault of that is what is told.
    expect(await errorOf(http.get(here))).toMatchObject({ code: 'network', attempts: 3 })
    expect(await errorOf(http.get(here))).toMatchObject({ code: 'network', attempts: 2 })
    expect(await errorOf(http.get(here))).toMatchObject({ code: 'breaker_open', attempts: 0 })
    expect((await http.get(there)).text()).toBe('there')
  })

  it.each([400, 404, 429, 500])('is none that answers %i', async (status) => {
    const origin = await serve((_request, response) => void response.writeHead(status).end())
    const { http } = setUpHttp()
    for (let i = 0; i < 10; i++) expect((await http.post(origin)).status).toBe(status)
  })

  it.each([
    [1_000, 'breaker_open'],
    [999, 'aborted'],
  ])('is one that lets requests wait for %i ms until they are over: %s', async (waitedMs, code) => {
    const request = { ends: new AbortController() }
    const { http, clock } = setUpHttp()
    const origin = await serve(() => {
      clock.ms += waitedMs
      request.ends.abort()
    })
    for (let i = 0; i < 5; i++) {
      request.ends = new AbortController()
      await errorOf(http.get(origin, { signal: request.ends.signal }))
    }
    request.ends = new AbortController()
    expect(await errorOf(http.get(origin, { signal: request.ends.signal }))).toMatchObject({ code })
  })
})
