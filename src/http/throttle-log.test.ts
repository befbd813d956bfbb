import { expect, it } from '@jest/globals'
import { testGateway } from './gateway/test-support.ts'
import { throttleLog } from './throttle-log.ts'

function setUp() {
  const written: string[] = []
  const dropped: number[] = []
  const state = { at: 0 }
  const keep = (level: string) => (fields: object, text: string) => {
    written.push(`${level} ${text} ${JSON.stringify(fields)}`)
  }
  const log = { info: keep('info'), warn: keep('warn'), error: keep('error'), debug: keep('debug') }
  const throttled = throttleLog(log, { linesPerSecond: 2, onDropped: () => dropped.push(1), now: () => state.at })
  return { written, dropped, state, log: throttled }
}

it('writes up to the limit of each level in a second, counts the others, and logs their number', () => {
  const { written, dropped, state, log } = setUp()
  for (let i = 0; i < 5; i++) log.info({ i }, 'request')
  log.error({}, 'request failed')
  state.at = 1_000
  log.info({ i: 5 }, 'request')
  state.at = 2_000
  log.info({ i: 6 }, 'request')
  expect(written).toEqual([
    ...['info request {"i":0}', 'info request {"i":1}', 'error request failed {}'],
    'warn log lines dropped by rate limit {"level":"info","leftOut":3}',
    ...['info request {"i":5}', 'info request {"i":6}'],
  ])
  expect(dropped).toHaveLength(3)
})

it('limits the log of a gateway', async () => {
  const { url, lines, shed } = await testGateway({ linesPerSecond: 0 })
  expect((await fetch(`${url}/none`)).status).toBe(404)
  await fetch(`${url}/none`, { headers: { connection: 'close' } })
  expect(lines.filter(({ msg }) => msg === 'request')).toEqual([])
  expect(shed).toContain('log_lines')
})
