export { ContractError, PLATFORM_CODES } from './check-parts.ts'
export { type ContractSet, contractSet, findEventCycles } from './contract-set.ts'
export { gatewayDrainMs, RESPONSE_MS, relayDrainMs } from './defaults.ts'
export { describeDeployment, type ResolvedDeployment } from './deployment.ts'
export {
  type AnyContract,
  describeEndpoint,
  describeSubscriber,
  type Limit,
  type Route,
  type Scale,
  type Subscription,
} from './describe.ts'
export {
  type EndpointContract,
  type EndpointShape,
  type EventData,
  type Example,
  endpoint,
  type Failure,
  type Input,
  type Output,
} from './endpoint.ts'
export { type EventContract, event, eventDataSchema } from './event.ts'
export { compileLocation, isReservedPath, parsePathTemplate } from './path-template.ts'
export { type ContractPattern, patternsOf } from './patterns-of.ts'
export { isTransient, Problem, problemJson, problemTitle, problemType, type ValidationIssue } from './problem.ts'
export type { Strings } from './schema/decode-strings.ts'
export { hasOverwrite } from './schema/schema-def.ts'
export { SCHEMA_NAME, toInput, toOutput } from './schema/strict-schema.ts'
export { stream } from './stream.ts'
export {
  type Delivered,
  type ReceivedEvent,
  type SubscriberContract,
  type SubscriberShape,
  subscriber,
} from './subscriber.ts'
export {
  createEventValidator,
  createValidator,
  type RawInput,
  type Validate,
  type ValidationResult,
} from './validate.ts'
export { isWarm, type WarmWindow } from './warm-windows.ts'
