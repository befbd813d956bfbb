import { afterAll, expect, it } from '@jest/globals'
import { collectLog } from '../../src/data/test-support.ts'
import { mountSecret } from '../../test/support/mounted-secret.ts'
import { untilTrue } from '../../test/support/until.ts'
import { openSigningSecrets } from './signing-secrets.ts'

const mounted = mountSecret({ HOOKS: 'first\n' })
afterAll(mounted.remove)

it('follows its file, in which a second value may stand beside the first, and says once what is missing', async () => {
  const { log, messages } = collectLog()
  const secretsOf = openSigningSecrets(log, { env: { HOOKS_FILE: mounted.file('HOOKS'), OTHER: 'other' } })
  expect(secretsOf(['HOOKS', 'OTHER', 'MISSING'])).toEqual(['first', 'other'])
  expect(secretsOf(['MISSING'])).toEqual([])
  expect(messages()).toEqual(['a secret of webhooks is not set, or cannot be read'])
  mounted.replace({ HOOKS: 'second\nfirst\n' })
  await untilTrue(() => secretsOf(['HOOKS']).length === 2)
  expect(secretsOf(['HOOKS'])).toEqual(['second', 'first'])
})
