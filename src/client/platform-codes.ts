import type { PlatformCode } from './call.ts'

// By its type this names each PlatformCode and nothing else.
const CODES: Readonly<Record<PlatformCode, true>> = {
  bad_request: true,
  invalid_request: true,
  unauthenticated: true,
  forbidden: true,
  not_found: true,
  method_not_allowed: true,
  request_timeout: true,
  payload_too_large: true,
  unsupported_media_type: true,
  expectation_failed: true,
  headers_too_large: true,
  rate_limited: true,
  in_progress: true,
  idempotency_mismatch: true,
  caller_gone: true,
  internal: true,
  bad_gateway: true,
  unavailable: true,
  deadline_exceeded: true,
  outcome_unknown: true,
}

/** The codes that the platform answers with, at run time. */
export const PLATFORM_CODES: ReadonlySet<string> = new Set(Object.keys(CODES))
