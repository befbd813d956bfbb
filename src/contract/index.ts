export { type AnyContract, type FunctionContract, isFunction } from './any-contract.ts'
export { authorizer, type Judgement, type Presented } from './authorizer.ts'
export { ContractError } from './contract-error.ts'
export { type ContractSet, contractSet, findEventCycles, functionsOf, requireContract } from './contract-set.ts'
export { gatewayDrainMs, MAX_BODY_BYTES, RESPONSE_MS, relayDrainMs } from './defaults.ts'
export {
  type Authorizer,
  type Caching,
  describeAuthorizer,
  describeDeployment,
  describeEndpoint,
  describeSubscriber,
  emitsOf,
  failuresOf,
  hasTenancy,
  type Limit,
  type ResolvedDeployment,
  type Route,
  type Scale,
  type Subscription,
} from './describe.ts'
export { describeProxy, methodsOf } from './describe-proxy.ts'
export { type EventData, endpoint, type Failure, type Input, type Output } from './endpoint.ts'
export { eventDataSchema } from './event.ts'
export { createJudgementSchema } from './judgement.ts'
export {
  compileLocation,
  findSegmentIssue,
  isReservedPath,
  parsePathTemplate,
  parseProxyPath,
} from './path-template.ts'
export { type ContractPattern, patternsOf } from './patterns-of.ts'
export type { Plan, Quota } from './plans.ts'
export {
  isTransient,
  PLATFORM_CODES,
  Problem,
  problemJson,
  problemTitle,
  problemType,
  type ValidationIssue,
} from './problem.ts'
export type { ProxiedService } from './proxied-service.ts'
export { type ProxiedAddress, parseProxiedUrl } from './proxied-url.ts'
export { proxy } from './proxy.ts'
export type { ProxyContract, ProxyShape } from './proxy-shape.ts'
export type { Strings } from './schema/decode-strings.ts'
export { hasOverwrite } from './schema/schema-def.ts'
export { SCHEMA_NAME, toInput } from './schema/strict-schema.ts'
export { toOutput } from './schema/strip-schema.ts'
export type {
  AuthorizerContract,
  AuthorizerShape,
  EndpointContract,
  EndpointShape,
  Example,
  SubscriberContract,
  SubscriberShape,
} from './shapes.ts'
export type { Delivered, ReceivedEvent } from './subscriber.ts'
export type { ToolAnnotations, ToolDescription } from './tool.ts'
export { createEventValidator, createValidator, type RawInput, type ValidationResult } from './validate.ts'
export { isWarm } from './warm-windows.ts'
