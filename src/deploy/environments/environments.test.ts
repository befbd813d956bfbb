import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { PLATFORM } from '../platform-files.ts'
import { chartValuesOf, createValuesCheck, readEnvironments } from './index.ts'

let project: string
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'ebb-environments-'))
  await mkdir(join(project, 'environments'))
})
afterEach(() => rm(project, { recursive: true, force: true }))

const known = {
  functions: ['get-user'],
  secrets: ['STRIPE_KEY'],
  checkValues: createValuesCheck(PLATFORM),
}
const write = (name: string, text: string) => writeFile(join(project, 'environments', name), text)
const read = () => readEnvironments(project, known)
const refusal = async (text: string) => {
  await write('staging.yaml', text)
  return read().then(
    () => 'nothing',
    ({ message }: Error) => message.replaceAll('environments/staging.yaml: ', ''),
  )
}

describe('an environment', () => {
  it('has what it extends, with its own over it', async () => {
    await write(
      'base.yaml',
      'settings: { gateway: { LOG_LEVEL: info, EBB_TRUSTED_HOPS: 1 } }\nvalues: { gateway: { replicas: 2, corsOrigins: [a, b] } }',
    )
    await write('cloud.yaml', 'extends: base\nvalues: { gateway: { replicas: 3 } }')
    await write(
      'staging.yaml',
      'extends: cloud\nurl: https://staging.example.com\nsettings: { gateway: { LOG_LEVEL: debug } }\nvalues: { gateway: { corsOrigins: [c] } }',
    )
    expect((await read()).get('staging')).toEqual({
      ...{ name: 'staging', url: 'https://staging.example.com' },
      settings: { gateway: { LOG_LEVEL: 'debug', EBB_TRUSTED_HOPS: '1' } },
      values: { gateway: { replicas: 3, corsOrigins: ['c'] } },
    })
  })

  it('is values of the chart, of which those that are said so stand over settings', async () => {
    await write(
      'staging.yaml',
      `url: https://staging.example.com
settings:
  gateway: { LOG_LEVEL: debug, EBB_TRUSTED_HOPS: 1 }
  functions: { LOG_LEVEL: warn }
  get-user: { LOG_LEVEL: trace }
  migrate: { LOG_LEVEL: info }
values: { gateway: { env: { LOG_LEVEL: error } }, functions: { get-user: { scale: { min: 1 } } } }`,
    )
    const [staging] = (await read()).values()
    expect(staging && chartValuesOf(staging)).toEqual({
      gateway: { env: { LOG_LEVEL: 'error', EBB_TRUSTED_HOPS: '1' } },
      allFunctions: { extraEnv: [{ name: 'LOG_LEVEL', value: 'warn' }] },
      functions: { 'get-user': { scale: { min: 1 }, extraEnv: [{ name: 'LOG_LEVEL', value: 'trace' }] } },
      migrate: { extraEnv: [{ name: 'LOG_LEVEL', value: 'info' }] },
    })
  })

  it('is none where there is no folder of them', async () => {
    await rm(join(project, 'environments'), { recursive: true })
    expect((await read()).size).toBe(0)
  })
})

describe('is refused, in one sentence', () => {
  it.each([
    ['gatway: {}', 'it has no gatway; there are extends, url, settings, values'],
    ['- a', 'it is a map of extends, url, settings, values'],
    ['url: staging', '`url` is the http:// or https:// address of its gateway'],
    ['settings: { gatway: {} }', 'settings.gatway: there is no such part; did you mean gateway?'],
    ['settings: { gateway: { LOG_LEVEL: { a: 1 } } }', 'settings.gateway.LOG_LEVEL is one text, number or boolean'],
    [
      'settings: { gateway: { EBB_TRUSTED_HOP: 1 } }',
      'settings.gateway: there is no setting EBB_TRUSTED_HOP; did you mean EBB_TRUSTED_HOPS?',
    ],
    ['extends: base', 'it extends base, which is not there; there are none'],
    ['extends: staging', 'it extends itself, by staging, staging'],
    ['extends: [a]', '`extends` names one environment'],
  ])('%s', async (text, sentence) => expect(await refusal(text)).toBe(sentence))

  it('a setting that its own schema refuses, and a value that the chart’s does', async () => {
    expect(await refusal('settings: { gateway: { EBB_TRUSTED_HOPS: 99 } }')).toMatch(
      /^settings\.gateway\.EBB_TRUSTED_HOPS: Too big/,
    )
    expect(await refusal('values: { gateway: { replicas: none } }')).toMatch(/^values\.gateway\.replicas: /)
    expect(await refusal('values: { gatway: { replicas: 1 } }')).toMatch(/gatway/)
  })

  it.each([
    ['settings: { gateway: { EBB_ADMIN_KEY: a-key-of-an-operator } }', 'settings.gateway.EBB_ADMIN_KEY'],
    ['settings: { get-user: { STRIPE_KEY: sk_live_1 } }', 'settings.get-user.STRIPE_KEY'],
    [
      'settings: { gateway: { EBB_TRACES_URL: "https://ada:secret@traces.example" } }',
      'settings.gateway.EBB_TRACES_URL',
    ],
    ['values: { podAnnotations: { note: "-----BEGIN PRIVATE KEY-----" } }', 'values.podAnnotations.note'],
  ])('the secret in %s', async (text, at) =>
    expect(await refusal(text)).toBe(
      `${at} is a secret: put it into a Secret, and name that in \`values\` (existingSecret)`,
    ),
  )

  it('the secret that is a variable', async () => {
    expect(await refusal('values: { relay: { extraEnv: [{ name: DATABASE_URL, value: x }] } }')).toBe(
      'values.relay.extraEnv[0] sets DATABASE_URL, which is a secret: put it into a Secret, and name that in `values` (existingSecret)',
    )
  })
})
