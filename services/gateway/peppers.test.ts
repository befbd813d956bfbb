import { afterEach, expect, it } from '@jest/globals'
import { liveSetting, parseConfig } from 'ebb/kernel'
import { mountSecret } from '../../test/support/mounted-secret.ts'
import { openPeppers } from './peppers.ts'

const [OLD, NEW] = ['o'.repeat(32), 'n'.repeat(32)]
let remove = () => {}
afterEach(() => remove())

function open() {
  const secret = mountSecret({ pepper: OLD, before: '' })
  remove = secret.remove
  const lines: unknown[] = []
  const log = { info: () => {}, warn: (line: unknown) => void lines.push(line) }
  const files = { EBB_KEY_PEPPER_FILE: secret.file('pepper'), EBB_KEY_PEPPER_PREVIOUS_FILE: secret.file('before') }
  const config = parseConfig(files)
  const peppers = openPeppers(config, log)
  return { secret, lines, peppers, look: () => liveSetting(config, 'EBB_KEY_PEPPER', log).refresh() }
}

it('a new pepper is taken where the old one stands beside it', async () => {
  const { secret, lines, peppers, look } = open()
  expect(peppers()).toEqual({ current: OLD, previous: undefined })
  secret.replace({ pepper: NEW, before: OLD })
  await look()
  expect([peppers(), lines]).toEqual([{ current: NEW, previous: OLD }, []])
})

it('one that would refuse every key is not', async () => {
  const { secret, lines, peppers, look } = open()
  secret.replace({ pepper: NEW, before: '' })
  await look()
  expect(peppers().current).toBe(OLD)
  expect(lines).toEqual([{ setting: 'EBB_KEY_PEPPER', reason: expect.stringContaining('EBB_KEY_PEPPER_PREVIOUS') }])
})
