export type {
  Arguments,
  Call,
  CallOptions,
  Client,
  ClientOptions,
  Fault,
  PlatformCode,
  Refusal,
  Result,
  Silence,
  Success,
} from './call.ts'
export type { Callable, CallsOf } from './calls-of.ts'
export { createClient } from './create-client.ts'
