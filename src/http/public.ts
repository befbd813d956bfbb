// What `ebb/http` is to a project. The other modules of this repository import from `index.ts`.
export { Secret } from '../kernel/index.ts'
export type { EmitOptions } from './emit-options.ts'
export { implementGraphql } from './graphql/implement-graphql.ts'
export type { Loader } from './graphql/loader.ts'
export type { GraphqlTools, Resolver, Resolvers, ResolverTools } from './graphql/resolvers.ts'
export {
  type Connection,
  type Handler,
  type HandlerContext,
  type Implementation,
  implement,
  type Uses,
} from './implement.ts'
export type { Owner } from './owner.ts'
export { serve } from './serve.ts'
