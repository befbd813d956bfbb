import { Problem } from 'ebb/contract'
import type { GatewayDependencies } from 'ebb/http/gateway'
import type { ContractsStatus } from 'ebb/protocol'
import * as endpoints from '../../../src/protocol/admin/contracts.ts'
import { fetchDifferences } from '../../../src/protocol/differences.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface ContractsOptions extends Pick<GatewayDependencies, 'contracts'> {
  readonly contractsStatus: () => ContractsStatus
  /** Where the laptop's runner compares contracts; undefined where there is none. */
  readonly differencesUrl: string | undefined
}

export const contractsOperations = ({
  contracts,
  contractsStatus,
  differencesUrl,
}: ContractsOptions): readonly AdminOperation[] => [
  operation(endpoints.showContracts, () => {
    const { routes, subscriptions, authorizers } = contracts()
    const counts = { routes: routes.length, subscriptions: subscriptions.length, authorizers: authorizers.length }
    return { ...contractsStatus(), ...counts }
  }),
  operation(endpoints.readContractsData, () => {
    const { data } = contracts()
    if (!data) throw new Problem('not_found', 404, 'These contracts were bundled by an Ebb that did not describe them.')
    return data()
  }),
  operation(endpoints.diffContracts, ({ query }) => {
    if (differencesUrl === undefined) throw NO_CHECKOUT
    return fetchDifferences(differencesUrl, query.ref)
  }),
]

const NO_CHECKOUT = new Problem(
  'no_checkout',
  404,
  'This gateway has no sources beside it: run `ebb contracts diff --running --admin URL` in a checkout.',
)
