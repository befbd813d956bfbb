// What `ebb/contract` is to a project. The other modules of this repository import from `index.ts`.
export { authorizer, type Judgement, type Presented } from './authorizer.ts'
export { ContractError } from './contract-error.ts'
export { type EventData, endpoint, type Failure, type Input, type Output } from './endpoint.ts'
export { event } from './event.ts'
export { applyPatch } from './patch/apply-patch.ts'
export { type JsonPatch, type JsonPatchOptions, jsonPatch } from './patch/json-patch.ts'
export { type MergePatch, mergePatch } from './patch/merge-patch.ts'
export { definePlans, type Plan, type PlanShape, type Price, type Quota } from './plans.ts'
export { Problem, type ProblemOptions, type ValidationIssue } from './problem.ts'
export { proxy } from './proxy.ts'
export type { ProxiedMethod, ProxyContract, ProxyShape, ProxyUpstream } from './proxy-shape.ts'
export type { Replies, Reply, ReplyCookie, ReplyFunction } from './reply.ts'
export { toOutput } from './schema/strip-schema.ts'
export type {
  Access,
  AuthorizerContract,
  AuthorizerShape,
  Credentials,
  Deployment,
  Emits,
  EndpointContract,
  EndpointShape,
  EventContract,
  EventShape,
  Example,
  ReplyCache,
  Resources,
  Retry,
  Scaling,
  SubscriberContract,
  SubscriberShape,
  Targets,
  Tool,
  Upgrade,
  WarmWindow,
} from './shapes.ts'
export type { Body } from './streams/body-kind.ts'
export { type FormBody, type FormFile, type FormFileOptions, type FormOptions, form } from './streams/form.ts'
export type { ReplyStream, ServerSentEvent } from './streams/reply-stream.ts'
export { type StreamBody, type StreamedBody, type StreamOptions, stream } from './streams/stream.ts'
export { type Delivered, type ReceivedEvent, subscriber } from './subscriber.ts'
