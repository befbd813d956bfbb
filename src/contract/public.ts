// What `ebb/contract` is to a project. The other modules of this repository import from `index.ts`.
export { authorizer, type Judgement, type Presented } from './authorizer.ts'
export type { AuthorizerContract, AuthorizerShape, Credentials } from './authorizer-shape.ts'
export { change } from './change.ts'
export type {
  ChangeData,
  ChangeEvent,
  ChangeOperation,
  ChangePlace,
  ChangeSelection,
  ChangeShape,
} from './change-shape.ts'
export { ContractError } from './contract-error.ts'
export type { Deployment, Resources, Scaling, Targets, WarmWindow } from './deployment-shape.ts'
export type { Deprecation } from './deprecation.ts'
export { type EventData, endpoint, type Failure, type FailureOptions, type Input, type Output } from './endpoint.ts'
export type { Access, EndpointContract, EndpointShape, Example, ReplyCache, Tool, Upgrade } from './endpoint-shape.ts'
export { event } from './event.ts'
export type { Emits, EventContract, EventShape, EventWebhook, Upcast } from './event-shape.ts'
export type { DeclaredFailure, Failures } from './failures.ts'
export { type GraphqlContract, graphql } from './graphql/graphql.ts'
export type { GraphqlPart, PersistedOperations } from './graphql/graphql-part.ts'
export type { GraphqlFields, GraphqlLink, GraphqlShape } from './graphql/graphql-shape.ts'
export type { GraphqlSubscription, GraphqlSubscriptions } from './graphql/graphql-subscription.ts'
export type { Objective, Percentile } from './objective-shape.ts'
export { applyPatch } from './patch/apply-patch.ts'
export { type JsonPatch, type JsonPatchOptions, jsonPatch } from './patch/json-patch.ts'
export { type MergePatch, mergePatch } from './patch/merge-patch.ts'
export { definePlans, type Plan, type PlanShape, type Price, type Quota } from './plans.ts'
export { definePrices, type PriceSheet, type PriceSheetShape, type Reserved } from './prices.ts'
export { Problem, type ProblemOptions, type ValidationIssue } from './problem.ts'
export { proxy } from './proxy.ts'
export type { ProxiedMethod, ProxyContract, ProxyShape, ProxyUpstream } from './proxy-shape.ts'
export { payload, receive } from './receive.ts'
export type {
  ReceiveContract,
  ReceiveShape,
  WebhookField,
  WebhookProvider,
  WebhookSignature,
  WebhookTimestamp,
  WebhookToken,
} from './receive-shape.ts'
export type { Replies, Reply, ReplyCookie, ReplyFunction } from './reply.ts'
export { schedule } from './schedule.ts'
export type { ScheduleContract, ScheduleShape } from './schedule-shape.ts'
export { toOutput } from './schema/strip-schema.ts'
export type { Body } from './streams/body-kind.ts'
export { type FormBody, type FormFile, type FormFileOptions, type FormOptions, form } from './streams/form.ts'
export type { ReplyStream, ServerSentEvent } from './streams/reply-stream.ts'
export { type StreamBody, type StreamedBody, type StreamedItems, type StreamOptions, stream } from './streams/stream.ts'
export {
  type BatchResult,
  type Delivered,
  type DeliveredBatch,
  type FailedEvent,
  type ReceivedEvent,
  subscriber,
} from './subscriber.ts'
export type { Batch, Retry, SubscriberContract, SubscriberShape } from './subscriber-shape.ts'
export type { SyntheticCheck } from './synthetic-check-shape.ts'
export { webhookDisabled } from './webhook-disabled.ts'
