import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { diffContracts } from '../../deploy/contracts-diff/diff-contracts.ts'
import { workFolder } from '../checkpoint.ts'
import { readContractsBefore } from './record-before.ts'

const route = { kind: 'endpoint', name: 'get-a', method: 'GET', path: '/v1/a', scopes: [], headers: [] }
const given = { route, failures: {}, bodyRequired: false, emits: {} }
const data = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }

async function readBefore(recorded: object) {
  const project = await mkdtemp(join(tmpdir(), 'ebb-record-'))
  try {
    await mkdir(workFolder(project), { recursive: true })
    await writeFile(join(workFolder(project), 'contracts.json'), JSON.stringify(recorded))
    const before = await readContractsBefore(project)
    if (!before) throw new Error('nothing was recorded')
    return before
  } finally {
    await rm(project, { recursive: true })
  }
}

it('what 0.2 has recorded is compared as what is recorded now', async () => {
  const old = await readBefore({ endpoints: [{ ...given, status: 201, location: '/v1/a/{n}', data }], subscribers: [] })
  const now = await readBefore({
    ...{ subscribers: [], proxies: [] },
    endpoints: [{ ...given, replies: [{ status: 201, location: '/v1/a/{n}', data, cookies: [] }] }],
  })
  expect(old).toEqual(now)
  expect(diffContracts(old, now)).toEqual([])
  const without = await readBefore({ endpoints: [{ ...given, status: 204 }], subscribers: [] })
  expect(diffContracts(old, without).map(({ says }) => says)).toContain('the status is 204 now, and was 201')
})

it('what 0.2 has recorded of events is of their first version', async () => {
  const [route, other] = [given, { type: 'object', properties: {}, required: [] }]
  const endpoints = (emitted: object) => [
    { ...route, replies: [{ status: 204, cookies: [] }], emits: { 'a.made': emitted } },
  ]
  const old = await readBefore({
    endpoints: endpoints(data),
    subscribers: [{ name: 'follow-a', on: 'a.made', takes: data, emits: { 'a.seen': other } }],
  })
  const now = await readBefore({
    endpoints: endpoints({ version: 1, schema: data }),
    subscribers: [
      {
        name: 'follow-a',
        on: 'a.made',
        reads: [{ version: 1, schema: data }],
        emits: { 'a.seen': { version: 1, schema: other } },
      },
    ],
  })
  expect(old).toEqual(now)
  expect(diffContracts(old, now)).toEqual([])
})
