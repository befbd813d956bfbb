import { describe, expect, it } from '@jest/globals'
import { createBreaker, type Health } from './breaker.ts'
import { faultOf, nobody, rig, serve } from './test-support.ts'

function breakerRig() {
  const clock = { ms: 0 }
  const turns: string[] = []
  const breaker = createBreaker({
    now: () => clock.ms,
    onOpen: () => void turns.push('open'),
    onClose: () => void turns.push('closed'),
  })
  const tries = (...healths: readonly Health[]) => healths.map((health) => breaker.enter()?.(health) ?? undefined)
  return { clock, turns, breaker, tries }
}

describe('a breaker', () => {
  it('opens when half of the last tries failed, and not before there are five', () => {
    const { tries, turns } = breakerRig()
    tries('failed', 'failed', 'failed', 'failed')
    expect(turns).toEqual([])
    tries('failed')
    expect(turns).toEqual(['open'])
    const other = breakerRig()
    other.tries('well', 'well', 'well', 'failed', 'failed', 'unknown')
    expect(other.turns).toEqual([])
    other.tries('failed')
    expect(other.turns).toEqual(['open'])
  })

  it('forgets what is older than 30 s', () => {
    const { clock, tries, turns } = breakerRig()
    tries('failed', 'failed', 'failed', 'failed')
    clock.ms += 30_000
    tries('failed')
    expect(turns).toEqual([])
  })

  it('sees that an origin fails that was well for long', () => {
    const { tries, turns } = breakerRig()
    tries(...Array<Health>(1_000).fill('well'), ...Array<Health>(9).fill('failed'))
    expect(turns).toEqual([])
    tries('failed')
    expect(turns).toEqual(['open'])
  })

  it('heeds nothing that began before it opened', () => {
    const { breaker, tries, turns, clock } = breakerRig()
    const [well, failed] = [breaker.enter()!, breaker.enter()!]
    tries(...Array<Health>(5).fill('failed'))
    well('well')
    clock.ms += 4_999
    failed('failed')
    expect(breaker.enter()).toBeUndefined()
    clock.ms += 1
    expect(breaker.enter()).toBeDefined()
    expect(turns).toEqual(['open'])
  })

  it('lets one probe through, which decides; one that says nothing is followed by another', () => {
    const { breaker, tries, turns, clock } = breakerRig()
    tries(...Array<Health>(5).fill('failed'))
    clock.ms += 5_000
    const probe = breaker.enter()!
    expect(breaker.enter()).toBeUndefined()
    probe('unknown')
    breaker.enter()!('failed')
    expect(breaker.enter()).toBeUndefined()
    clock.ms += 5_000
    breaker.enter()!('well')
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
    const { http, clock, messages } = rig()
    for (let i = 0; i < 5; i++) await http.post(origin)
    expect(await faultOf(http.post(`${origin}/a?b`))).toMatchObject({
      code: 'breaker_open',
      url: `${origin}/a`,
      attempts: 0,
    })
    expect(asked).toBe(5)
    well = true
    clock.ms += 5_000
    const calls = await Promise.all(Array.from({ length: 10 }, () => faultOf(http.post(origin))))
    expect(calls.filter((fault) => fault === undefined)).toHaveLength(1)
    expect(asked).toBe(6)
    await http.post(origin)
    const left = 'an origin keeps failing; it is left alone for a while'
    expect(messages()).toEqual([left, 'an origin answers again'])
  })

  it('is no reason to leave another one alone', async () => {
    const [here, there] = [await nobody(), await serve((_request, response) => void response.end('there'))]
    const { http } = rig()
    // The breaker opens at the fifth try, and the fault of that is what is told.
    expect(await faultOf(http.get(here))).toMatchObject({ code: 'network', attempts: 3 })
    expect(await faultOf(http.get(here))).toMatchObject({ code: 'network', attempts: 2 })
    expect(await faultOf(http.get(here))).toMatchObject({ code: 'breaker_open', attempts: 0 })
    expect((await http.get(there)).text()).toBe('there')
  })

  it.each([400, 404, 429, 500])('is none that answers %i', async (status) => {
    const origin = await serve((_request, response) => void response.writeHead(status).end())
    const { http } = rig()
    for (let i = 0; i < 10; i++) expect((await http.post(origin)).status).toBe(status)
  })

  it.each([
    [1_000, 'breaker_open'],
    [999, 'aborted'],
  ])('is one that lets requests wait for %i ms until they are over: %s', async (waitedMs, code) => {
    const request = { ends: new AbortController() }
    const { http, clock } = rig()
    const origin = await serve(() => {
      clock.ms += waitedMs
      request.ends.abort()
    })
    for (let i = 0; i < 5; i++) {
      request.ends = new AbortController()
      await faultOf(http.get(origin, { signal: request.ends.signal }))
    }
    request.ends = new AbortController()
    expect(await faultOf(http.get(origin, { signal: request.ends.signal }))).toMatchObject({ code })
  })
})
