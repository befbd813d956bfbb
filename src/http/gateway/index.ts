export type { Admission, AdmissionRequest, Meter, Plans, RateLimitDecision, RateLimiter } from './admission.ts'
export type { CountUsage, UsedContract } from './contract-usage.ts'
export type { Authenticated, Authenticators, Caller, Credential, PresentedToken } from './credentials.ts'
export type {
  CheckedReply,
  CompletedRequest,
  DocsFile,
  EndedRequest,
  GatewayDependencies,
  GatewayMetrics,
  Invocations,
  InvocationWatcher,
  ReceivedWebhooks,
  ResponseCache,
  Upstream,
} from './dependencies.ts'
export type { ExplainRequest } from './explain-request.ts'
export type { OwnKeys } from './own-keys.ts'
export type { ClaimedWebhook, OwnWebhooks } from './own-webhooks.ts'
export { createGatewayServer, type GatewayOptions } from './server.ts'
export type { EmittedEvent, Followed, Following, Subscriptions } from './subscriptions.ts'
export type { Canaries, RunningCanary } from './variants.ts'
