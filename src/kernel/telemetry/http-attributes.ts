import type { Attributes } from '@opentelemetry/api'

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE'])

/** A method as a span's name has it; there are only so many names. */
export const methodName = (method: string): string => (METHODS.has(method) ? method : 'HTTP')

export const methodAttributes = (method: string): Attributes =>
  METHODS.has(method)
    ? { 'http.request.method': method }
    : { 'http.request.method': '_OTHER', 'http.request.method_original': method }

const SIGNATURES = /(^|[?&])(AWSAccessKeyId|Signature|sig|X-Goog-Signature)=[^&#]*/g

/** A URL or a query without what lets in whoever has it (HTTP semantic conventions, `url.full` and `url.query`). */
export const withoutSignatures = (url: string): string => url.replace(SIGNATURES, '$1$2=REDACTED')
