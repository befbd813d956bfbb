import { expect, it } from '@jest/globals'
import { createInstanceAccount } from './instance-account.ts'

it('its three parts are the life of the process, however requests overlap', () => {
  let ms = 0
  const cpuUsage = () => ({ user: 1_000_000, system: 500_000 })
  const account = createInstanceAccount({ now: () => ms, cpuUsage, beforeClock: () => 0.25 })
  const at = (next: number, what: () => void) => {
    ms = next
    what()
  }
  at(300, account.ready)
  at(1_000, account.begin)
  at(1_500, account.begin)
  at(1_700, account.end)
  at(2_000, account.end)
  at(5_000, account.begin)
  ms = 6_000
  expect(account.read()).toEqual({ starting: 0.55, busy: 2, idle: 3.7, cpu: 1.5 })
  at(7_000, account.end)
  ms = 8_000
  const { starting, busy, idle } = account.read()
  expect([busy, starting + busy + idle]).toEqual([3, 8.25])
})
