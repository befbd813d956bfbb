import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { endpoint } from '../contract/index.ts'
import {
  createInstanceAccount,
  createLog,
  type InstanceUse,
  parseConfig,
  type RecordedInstance,
} from '../kernel/index.ts'
import { recordUse } from './record-use.ts'

const contract = endpoint({
  ...{ name: 'get-thing', summary: 'Get.', method: 'GET', path: '/v1/things', access: { anonymous: true } },
  reply: { status: 200, body: z.object({}) },
  resources: { requests: { cpu: '100m', memory: '128Mi' } },
})

it.each([
  ['its contract says', {}, { cpuMilli: 100, memoryMib: 128 }],
  [
    'the platform reserves',
    { EBB_RESERVED_CPU: '10m', EBB_RESERVED_MEMORY: '1Gi' },
    { cpuMilli: 10, memoryMib: 1_024 },
  ],
  ['the platform reserves of one', { EBB_RESERVED_MEMORY: '64Mi' }, { cpuMilli: 100, memoryMib: 64 }],
])('an instance is recorded by what %s', async (_what, settings, size) => {
  const recorded: RecordedInstance[] = []
  const { close } = recordUse(contract, createInstanceAccount(), {
    resources: { recordUse: async (instance) => void recorded.push(instance) },
    ...{ config: parseConfig(settings), log: createLog({ level: 'silent' }) },
  })
  await close()
  expect(recorded.at(-1)).toEqual({ name: 'get-thing', ...size })
})

it('a quantity that is none is refused', () => {
  expect(() => parseConfig({ EBB_RESERVED_CPU: 'half' })).toThrow('EBB_RESERVED_CPU: must be like 250m')
})

const USE: InstanceUse = { starting: 1, busy: 2, idle: 3, cpu: 0.5 }

function start(record: (use: InstanceUse) => Promise<void>) {
  const recorded: InstanceUse[] = []
  const resources = {
    recordUse: async (_instance: RecordedInstance, use: InstanceUse) => {
      await record(use)
      recorded.push(use)
    },
  }
  const debug: unknown[] = []
  const log = { debug: (...line: unknown[]) => void debug.push(line) }
  const { close } = recordUse(contract, { read: () => USE }, { resources, config: parseConfig({}), log })
  return { close, recorded, debug }
}

it('its last word has the time that this takes itself, by how long the one before took', async () => {
  const { close, recorded } = start(async () => void (await turn()))
  await close()
  expect(recorded[0]).toEqual(USE)
  expect(recorded).toHaveLength(2)
  expect(recorded[1]).toMatchObject({ starting: 1, busy: 2, cpu: 0.5 })
  expect(recorded[1]?.idle).toBeGreaterThan(USE.idle)
})

it('a process ends all the same where nothing can be recorded', async () => {
  const { close, debug } = start(() => Promise.reject(new Error('no database')))
  await close()
  expect(debug).toHaveLength(2)
})
