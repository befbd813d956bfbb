import { expect, it } from '@jest/globals'
import { testGateway } from './gateway/test-support.ts'
import { throttleLog } from './throttle-log.ts'

function rig() {
  const said: string[] = []
  const shed: string[] = []
  const state = { at: 0 }
  const keep = (level: string) => (fields: object, text: string) => {
    said.push(`${level} ${text} ${JSON.stringify(fields)}`)
  }
  const log = { info: keep('info'), warn: keep('warn'), error: keep('error'), debug: keep('debug') }
  const metrics = { spared: () => {}, answered: () => {}, shed: (what: string) => void shed.push(what) }
  const ports = { log, metrics } as unknown as Parameters<typeof throttleLog>[0]
  return { said, shed, state, log: throttleLog(ports, { linesPerSecond: 2, now: () => state.at }) }
}

it('says so many lines of a level in a second, counts the others, and tells how many they were', () => {
  const { said, shed, state, log } = rig()
  for (let i = 0; i < 5; i++) log.info({ i }, 'request')
  log.error({}, 'fault')
  state.at = 1_000
  log.info({ i: 5 }, 'request')
  state.at = 2_000
  log.info({ i: 6 }, 'request')
  expect(said).toEqual([
    ...['info request {"i":0}', 'info request {"i":1}', 'error fault {}'],
    'warn lines of the log were left out: too many in a second {"level":"info","leftOut":3}',
    ...['info request {"i":5}', 'info request {"i":6}'],
  ])
  expect(shed).toEqual(['log_lines', 'log_lines', 'log_lines'])
})

it('is what a gateway writes on: a flood leaves no more lines than that', async () => {
  const { url, lines, shed } = await testGateway({ linesPerSecond: 0 })
  expect((await fetch(`${url}/none`)).status).toBe(404)
  await fetch(`${url}/none`, { headers: { connection: 'close' } })
  expect(lines.filter(({ msg }) => msg === 'request')).toEqual([])
  expect(shed).toContain('log_lines')
})
