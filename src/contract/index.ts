export {
  type AnyContract,
  type FunctionContract,
  isFunction,
  isReceiver,
  type ReceiverContract,
} from './any-contract.ts'
export { authorizer, type Judgement, type Presented } from './authorizer.ts'
export type { AuthorizerContract, AuthorizerShape } from './authorizer-shape.ts'
export { BROKER, isForBroker } from './broker.ts'
export type { ChangeOperation, ChangeSelection } from './change-shape.ts'
export { checkVersions } from './check-versions.ts'
export { ContractError } from './contract-error.ts'
export { type ContractSet, contractSet, findEventCycles, functionsOf, requireContract } from './contract-set.ts'
export { parseCookies } from './cookies.ts'
export {
  gatewayDrainMs,
  MAX_BATCH_SIZE,
  MAX_BODY_BYTES,
  MAX_ITEM_BYTES,
  MAX_STREAM_LIMIT_MS,
  RESPONSE_MS,
  relayDrainMs,
} from './defaults.ts'
export {
  describeAuthorizer,
  describeDeployment,
  describeEndpoint,
  describeSubscriber,
  emitsOf,
  hasTenancy,
} from './describe.ts'
export { describeProxy, methodsOf } from './describe-proxy.ts'
export { describeReceive } from './describe-receive.ts'
export type {
  Authorizer,
  Caching,
  Callee,
  Limit,
  ResolvedDeployment,
  Route,
  Scale,
  Schedule,
  Subscription,
} from './described.ts'
export { type EventData, endpoint, type Failure, type FailureOptions, type Input, type Output } from './endpoint.ts'
export type { EndpointContract, EndpointShape, Example, Upgrade } from './endpoint-shape.ts'
export { eventDataSchema, parseVersionedType, versionedType, versionOf, versionsOf } from './event.ts'
export type { EventContract } from './event-shape.ts'
export { failureStatuses, failuresOf } from './failures.ts'
export { type GraphqlContract, graphql } from './graphql/graphql.ts'
export type { GraphqlLimits } from './graphql/graphql-part.ts'
export type { GraphqlFields, GraphqlLink } from './graphql/graphql-shape.ts'
export type { FollowedEvent } from './graphql/graphql-subscription.ts'
export { createJudgementSchema } from './judgement.ts'
export { compileBounds } from './location-bounds.ts'
export { findGatewayPart } from './needs-gateway.ts'
export { mediaTypesOf } from './patch/media-types.ts'
export {
  compileLocation,
  findSegmentIssue,
  isReservedPath,
  parsePathTemplate,
  parseProxyPath,
} from './path-template.ts'
export { type ContractPattern, patternsOf } from './patterns-of.ts'
export type { Plan, Quota } from './plans.ts'
export { pricePerSecond, sizeOf } from './price-of.ts'
export type { PriceSheet } from './prices.ts'
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
export type { ReceiveContract, ReceiveShape } from './receive-shape.ts'
export {
  isRedirect,
  isWhole,
  type Reply,
  type ReplyCookie,
  type ReplyFunction,
  repliesOf,
  replyOf,
  usualReply,
  type WholeReplies,
} from './reply.ts'
export { callsOf } from './resolve-calls.ts'
export { schedule } from './schedule.ts'
export type { ScheduleContract, ScheduleShape } from './schedule-shape.ts'
export type { Strings } from './schema/decode-strings.ts'
export { type FieldRule, fieldRulesOf, type ValueKind } from './schema/field-rules.ts'
export { writeHeaderList } from './schema/header-list.ts'
export { hasOverwrite } from './schema/schema-def.ts'
export { SCHEMA_NAME, toInput } from './schema/strict-schema.ts'
export { toOutput } from './schema/strip-schema.ts'
export { kindsOf, type TextKind } from './schema/text-kinds.ts'
export { formOf, itemSchemaOf, jsonBodyOf, streamedBodyOf } from './streams/body-kind.ts'
export { MAX_FIELDS_BYTES } from './streams/describe-streams.ts'
export type { FormBody, FormFile, FormFileOptions } from './streams/form.ts'
export {
  type BodyStream,
  isEventStream,
  longestMs,
  longestToDrainMs,
} from './streams/longest-ms.ts'
export { isOneOf, mediaTypeOf } from './streams/media-types.ts'
export { EVENT_STREAM, NDJSON } from './streams/reply-stream.ts'
export type { StreamBody, StreamedBody, StreamedItems } from './streams/stream.ts'
export type { BatchResult, Delivered, DeliveredBatch, ReceivedEvent } from './subscriber.ts'
export type { SubscriberContract, SubscriberShape } from './subscriber-shape.ts'
export type { ToolAnnotations, ToolDescription } from './tool.ts'
export {
  createEventValidator,
  createFieldsValidator,
  createItemValidator,
  createValidator,
  type RawInput,
  type ValidationResult,
} from './validate.ts'
export { isWarm } from './warm-windows.ts'
export { customersEventsOf, type WebhookEvent, webhookEventsOf } from './webhook-events.ts'
export type { WebhookDoor } from './webhook-providers.ts'
export { WEBHOOKS } from './webhooks.ts'
