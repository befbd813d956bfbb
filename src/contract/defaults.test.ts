import { expect, it } from '@jest/globals'
import { gatewayDrainMs, relayDrainMs } from './defaults.ts'

it.each([
  ['no contract', [], 60_000, 35_000],
  ['usual ones', [10_000, 5_000], 70_000, 45_000],
  ['one of ten minutes', [10_000, 600_000], 660_000, 635_000],
])('with %s, gateway and relay wait for the slowest', (_which, timeouts, gatewayMs, relayMs) => {
  const calls = { startTimeoutMs: 30_000, contracts: timeouts.map((timeoutMs) => ({ timeoutMs })) }
  expect([gatewayDrainMs(calls), relayDrainMs(calls)]).toEqual([gatewayMs, relayMs])
})
