import type { AuthorizerContract } from './authorizer-shape.ts'
import type { EndpointContract } from './endpoint-shape.ts'
import type { ProxyContract } from './proxy-shape.ts'
import type { ReceiveContract } from './receive-shape.ts'
import type { ScheduleContract } from './schedule-shape.ts'
import type { SubscriberContract } from './subscriber-shape.ts'

/** The contract of a function that the relay calls with events: those of others, its own firings, or webhooks. */
export type ReceiverContract = SubscriberContract | ScheduleContract | ReceiveContract

/** The contract of a function: of what has a handler and an image. */
export type FunctionContract = EndpointContract | ReceiverContract | AuthorizerContract

/** A contract of any kind. */
export type AnyContract = FunctionContract | ProxyContract

/** Whether a contract is that of a function: a proxy has neither handler nor image. */
export const isFunction = (contract: AnyContract): contract is FunctionContract => contract.kind !== 'proxy'

/** Whether a contract is that of a function that gets events. */
export const isReceiver = (contract: AnyContract): contract is ReceiverContract =>
  contract.kind === 'subscriber' || contract.kind === 'schedule' || contract.kind === 'receive'
