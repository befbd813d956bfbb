import type { ExplainRequest, GatewayDependencies } from 'ebb/http/gateway'
import type { FunctionsView } from 'ebb/protocol'
import type { Registry } from 'prom-client'
import { explainRequest } from '../../../src/protocol/admin/explain.ts'
import { listFunctions, listRoutes, readMetrics } from '../../../src/protocol/admin/gateway.ts'
import type { ObservedFunctions } from '../observed-functions.ts'
import { describeRoutes } from './describe-routes.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface ViewsOptions extends Pick<GatewayDependencies, 'contracts'> {
  readonly registry: Pick<Registry, 'metrics'>
  readonly functions: FunctionsView | ObservedFunctions['view']
  readonly explain: ExplainRequest
}

export const viewsOperations = (options: ViewsOptions): readonly AdminOperation[] => [
  operation(readMetrics, () => options.registry.metrics()),
  operation(listFunctions, () => options.functions()),
  operation(listRoutes, () => ({ routes: describeRoutes(options.contracts().routes) })),
  operation(explainRequest, ({ body }) => options.explain(body)),
]
