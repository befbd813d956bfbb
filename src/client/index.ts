export type {
  Arguments,
  Call,
  CallOptions,
  Client,
  ClientOptions,
  NoResponse,
  PlatformCode,
  Refusal,
  Result,
  StreamedEvent,
  StreamSource,
  Success,
  ValidationIssue,
} from './call.ts'
export type { Callable, CallableReply, CallsOf } from './calls-of.ts'
export { createClient } from './create-client.ts'
