import { ContractError, type Route } from '../contract/index.ts'
import { createOperations } from '../http/graphql/operations.ts'
import { isRefusal } from '../http/graphql/prepared-operation.ts'

/**
 * Refuses a GraphQL endpoint whose persisted operations would be refused at the gateway, with whatever variables: for tools, where
 * contracts are loaded, since the engine would weigh on each function. Throws a ContractError.
 */
export function checkOperations(routes: readonly Pick<Route, 'name' | 'graphql'>[]): void {
  for (const { name, graphql } of routes) {
    if (!graphql) continue
    const prepare = createOperations(graphql)
    for (const documentId of Object.keys(graphql.persisted.documents)) {
      const prepared = prepare({ documentId })
      // What it is sent with is not known yet.
      if (!isRefusal(prepared) || prepared.isAboutVariables) continue
      throw new ContractError(name, `the persisted operation "${documentId}" does not run: ${prepared.problem.message}`)
    }
  }
}
