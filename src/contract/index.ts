export { PLATFORM_CODES } from './check-parts.ts'
export { ContractFault } from './contract-fault.ts'
export { type ContractSet, contractSet } from './contract-set.ts'
export { describePlacement, type Placement } from './deployment.ts'
export {
  type AnyContract,
  describeEndpoint,
  describeSubscriber,
  type Limit,
  type Route,
  type Scale,
  type Subscription,
} from './describe.ts'
export { SCHEMA_NAME, toInput, toOutput } from './directions.ts'
export { ANSWER_MS, gatewayDrainMs, relayDrainMs } from './drain-limits.ts'
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
export { dataOf, type EventContract, event } from './event.ts'
export { eventCycles } from './event-cycles.ts'
export { toLocation } from './location.ts'
export { overwrites } from './overwrites.ts'
export { toPattern } from './pattern.ts'
export { type ContractPattern, patternsOf } from './patterns-of.ts'
export { type Fault, isTransient, Problem, problemJson, problemTitle, problemType } from './problem.ts'
export { isReservedPath } from './reserved-path.ts'
export { stream } from './stream.ts'
export type { Strings } from './strings.ts'
export {
  type Delivered,
  type ReceivedEvent,
  type SubscriberContract,
  type SubscriberShape,
  subscriber,
} from './subscriber.ts'
export { eventValidator, type RawInput, type Validate, type Validated, validator } from './validate.ts'
export { isWarm, type WarmWindow } from './warm-windows.ts'
