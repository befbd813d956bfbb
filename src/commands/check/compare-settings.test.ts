import { expect, it } from '@jest/globals'
import { compareSettings } from './compare-settings.ts'

const there = (settings: Readonly<Record<string, string | null>>) =>
  Object.entries(settings).map(([name, value]) => ({ name, value }))

it('compares what an environment says with what its gateway has read of it', () => {
  const here = {
    EBB_TRUSTED_HOPS: '01',
    LOG_LEVEL: 'debug',
    EBB_REQUIRE_HTTPS: 'true',
    EBB_HOSTS: 'a.example, b.example',
  }
  const same = { EBB_TRUSTED_HOPS: '1', LOG_LEVEL: 'debug', EBB_REQUIRE_HTTPS: 'true' }
  expect(compareSettings(here, there({ ...same, PORT: '8080' }))).toEqual([])
  expect(compareSettings(here, there({ ...same, EBB_TRUSTED_HOPS: '0', LOG_LEVEL: null }))).toEqual([
    'EBB_TRUSTED_HOPS is 0 there, and 1 here',
    'LOG_LEVEL is not set there, and debug here',
  ])
})
