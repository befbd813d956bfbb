import { describe, expect, it } from '@jest/globals'
import { type AttemptResult, createCircuitBreaker } from './circuit-breaker.ts'
import { closedOrigin, errorOf, serve, setUpHttp } from './test-support.ts'

function setUpBreaker() {
  const clock = { ms: 0 }
  const changes: string[] = []
  const breaker = createCircuitBreaker({
    now: () => clock.ms,
    onOpen: () => void changes.push('open'),
    onClose: () => void changes.push('closed'),
  })
  const settle = (...results: readonly AttemptResult[]) => {
    for (const result of results) breaker.tryAcquire()?.(result)
  }
  return { clock, changes, breaker, settle }
}

describe('a breaker', () => {
  it('opens when half of the last attempts failed, and not before there are five', () => {
    const { settle, changes } = setUpBreaker()
    settle('failure', 'failure', 'failure', 'failure')
    expect(changes).toEqual([])
    settle('failure')
    expect(changes).toEqual(['open'])
    const other = setUpBreaker()
    other.settle('success', 'success', 'success', 'failure', 'failure', 'ignored')
    expect(other.changes).toEqual([])
    other.settle('failure')
    expect(other.changes).toEqual(['open'])
  })

  it('forgets what is older than 30 s', () => {
    const { clock, settle, changes } = setUpBreaker()
    settle('failure', 'failure', 'failure', 'failure')
    clock.ms += 30_000
    settle('failure')
    expect(changes).toEqual([])
  })

  it('opens for an origin that fails after many successes', () => {
    const { settle, changes } = setUpBreaker()
    settle(...Array<AttemptResult>(1_000).fill('success'), ...Array<AttemptResult>(9).fill('failure'))
    expect(changes).toEqual([])
    settle('failure')
    expect(changes).toEqual(['open'])
  })

  it('ignores attempts that began before it opened', () => {
    const { breaker, settle, changes, clock } = setUpBreaker()
    const [succeed, fail] = [breaker.tryAcquire()!, breaker.tryAcquire()!]
    settle(...Array<AttemptResult>(5).fill('failure'))
    succeed('success')
    clock.ms += 4_999
    fail('failure')
    expect(breaker.tryAcquire()).toBeUndefined()
    clock.ms += 1
    expect(breaker.tryAcquire()).toBeDefined()
    expect(changes).toEqual(['open'])
  })

  it('lets one probe through, whose result decides; an ignored one is followed by another', () => {
    const { breaker, settle, changes, clock } = setUpBreaker()
    settle(...Array<AttemptResult>(5).fill('failure'))
    clock.ms += 5_000
    const probe = breaker.tryAcquire()!
    expect(breaker.tryAcquire()).toBeUndefined()
    probe('ignored')
    breaker.tryAcquire()!('failure')
    expect(breaker.tryAcquire()).toBeUndefined()
    clock.ms += 5_000
    breaker.tryAcquire()!('success')
    settle('failure', 'failure', 'failure', 'failure')
    expect(changes).toEqual(['open', 'open', 'closed'])
  })
})

describe('an origin that keeps failing', () => {
  it('gets no calls, and then one as a probe', async () => {
    let [requests, isUp] = [0, false]
    const origin = await serve((_request, response) => {
      requests++
      response.writeHead(isUp ? 200 : 503).end()
    })
    const { http, clock, messages } = setUpHttp()
    for (let i = 0; i < 5; i++) await http.post(origin)
    expect(await errorOf(http.post(`${origin}/a?b`))).toMatchObject({
      code: 'breaker_open',
      url: `${origin}/a`,
      attempts: 0,
    })
    expect(requests).toBe(5)
    isUp = true
    clock.ms += 5_000
    const calls = await Promise.all(Array.from({ length: 10 }, () => errorOf(http.post(origin))))
    expect(calls.filter((error) => error === undefined)).toHaveLength(1)
    expect(requests).toBe(6)
    await http.post(origin)
    const opened = 'an origin keeps failing; calls to it are rejected for a while'
    expect(messages()).toEqual([opened, 'an origin responds again'])
  })

  it('does not affect other origins', async () => {
    const [here, there] = [await closedOrigin(), await serve((_request, response) => void response.end('there'))]
    const { http } = setUpHttp()
    // The breaker opens at the fifth attempt, whose error the call rejects with.
    expect(await errorOf(http.get(here))).toMatchObject({ code: 'network', attempts: 3 })
    expect(await errorOf(http.get(here))).toMatchObject({ code: 'network', attempts: 2 })
    expect(await errorOf(http.get(here))).toMatchObject({ code: 'breaker_open', attempts: 0 })
    expect((await http.get(there)).text()).toBe('there')
  })

  it.each([400, 404, 429, 500])('is not one that responds with %i', async (status) => {
    const origin = await serve((_request, response) => void response.writeHead(status).end())
    const { http } = setUpHttp()
    for (let i = 0; i < 10; i++) expect((await http.post(origin)).status).toBe(status)
  })

  it.each([
    [1_000, 'breaker_open'],
    [999, 'aborted'],
  ])('is one whose requests are aborted after %i ms: %s', async (waitedMs, code) => {
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
