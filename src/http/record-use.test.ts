import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { endpoint } from '../contract/index.ts'
import { createInstanceAccount, createLog, parseConfig, type RecordedInstance } from '../kernel/index.ts'
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
  expect(recorded).toEqual([{ name: 'get-thing', ...size }])
})

it('a quantity that is none is refused', () => {
  expect(() => parseConfig({ EBB_RESERVED_CPU: 'half' })).toThrow('EBB_RESERVED_CPU: must be like 250m')
})
