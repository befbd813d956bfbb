import { expect, it } from '@jest/globals'
import { cacheOn, http, mail, objects, postgres, redis } from 'ebb/data'
import { type Config, createLog, parseConfig, type Resource, STORES } from 'ebb/kernel'
import { openResources } from './resources.ts'

const SETTINGS = ['DATABASE_URL', 'DATABASE_DIRECT_URL', 'REDIS_URL', 'SMTP_URL', 'EBB_MAIL_FOLDER'] as const
const config = parseConfig({
  ...{ DATABASE_URL: 'postgres://a/b', DATABASE_DIRECT_URL: 'postgres://c/d', REDIS_URL: 'redis://a' },
  ...{ SMTP_URL: 'smtp://a', EBB_MAIL_FOLDER: '/tmp', PORT: '1' },
})
const log = createLog({ level: 'silent', service: 'test', revision: 'test' })

it.each([
  [[], []],
  [['postgres'], ['DATABASE_URL', 'DATABASE_DIRECT_URL']],
  [
    ['redis', 'mail'],
    ['REDIS_URL', 'SMTP_URL', 'EBB_MAIL_FOLDER'],
  ],
] as const)('a resource of the stores %j finds the settings of no other', (stores, expected) => {
  const found: Config[] = []
  const mine: Resource<number> = { stores, open: (config) => found.push(config), bind: () => 1 }
  openResources({ mine }, config, log)
  expect(found[0]).toMatchObject({ PORT: 1 })
  expect(SETTINGS.filter((name) => found[0]?.[name])).toEqual(expected)
})

it('each of the platform`s resources names the stores that it reads', () => {
  const named = { mail, objects, postgres, redis, cache: cacheOn('a'), http }
  const stores = Object.fromEntries(Object.entries(named).map(([name, resource]) => [name, resource.stores]))
  expect(stores).toEqual({
    ...{ mail: ['mail'], objects: ['objects', 'postgres'], postgres: ['postgres'] },
    ...{ redis: ['redis'], cache: ['redis'], http: [] },
  })
  expect(STORES).toEqual(['mail', 'objects', 'postgres', 'redis'])
})
