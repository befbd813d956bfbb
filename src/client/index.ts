export type {
  Arguments,
  AsyncCall,
  AsyncOptions,
  Call,
  CallOptions,
  Client,
  ClientOptions,
  Invocation,
  InvocationState,
  NoResponse,
  PlatformCode,
  Refusal,
  Result,
  Started,
  StreamedEvent,
  StreamSource,
  Success,
  ValidationIssue,
} from './call.ts'
export type { Callable, CallableReply, CallsOf } from './calls-of.ts'
export { createClient } from './create-client.ts'
