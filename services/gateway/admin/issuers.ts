import { listIssuers, refreshIssuers } from '../../../src/protocol/admin/issuers.ts'
import { ISSUERS_CHANNEL, type Tokens } from '../tokens/open-tokens.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface IssuersOptions {
  readonly tokens: Pick<Tokens, 'refresh' | 'status'>
}

export const issuersOperations = ({ tokens }: IssuersOptions): readonly AdminOperation[] => [
  operation(listIssuers, () => ({ issuers: tokens.status() })),
  operation(refreshIssuers, async (_input, { audit }) => {
    await audit({ subject: 'all', notify: { channel: ISSUERS_CHANNEL, payload: '' } })
    await tokens.refresh()
    return { issuers: tokens.status() }
  }),
]
