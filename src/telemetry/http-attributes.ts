import type { IncomingMessage } from 'node:http'
import type { Attributes } from '@opentelemetry/api'

/** What only the code that serves a request knows about it. */
export interface RouteAttributes {
  /** The path's template, as in the contract. */
  readonly route: string
  /** What invokes the function; undefined where there is no function. */
  readonly trigger?: 'http' | 'pubsub'
  /** The tenant of the caller, for the span; metrics leave it out, since there may be many. */
  readonly tenant?: string
}

const ROUTE_ATTRIBUTES = Symbol('ebb.route-attributes')

type RequestWithAttributes = IncomingMessage & { [ROUTE_ATTRIBUTES]?: RouteAttributes }

/** Sets the route of a request, for its span and its metrics. */
export function setRouteAttributes(request: IncomingMessage, attributes: RouteAttributes): void {
  const described: RequestWithAttributes = request
  described[ROUTE_ATTRIBUTES] = attributes
}

/** Adds the caller's tenant to the route's attributes of a request. */
export function setTenantAttribute(request: IncomingMessage, tenant: string): void {
  const described: RequestWithAttributes = request
  const attributes = described[ROUTE_ATTRIBUTES]
  if (attributes) described[ROUTE_ATTRIBUTES] = { ...attributes, tenant }
}

/** The attributes that say which route a request took; undefined for one that took none. */
export const getRouteAttributes = (request: IncomingMessage): RouteAttributes | undefined =>
  (request as RequestWithAttributes)[ROUTE_ATTRIBUTES]

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE'])

/** A method as it is used in a span's name, which must have few values. */
export const methodName = (method: string): string => (METHODS.has(method) ? method : 'HTTP')

/** A method as the label of a metric, which must have few values. */
export const methodLabel = (method: string): string => (METHODS.has(method) ? method : '_OTHER')

/** The attributes of a method: one that is unknown is `_OTHER`, since callers can make up any number. */
export const methodAttributes = (method: string): Attributes =>
  METHODS.has(method)
    ? { 'http.request.method': method }
    : { 'http.request.method': '_OTHER', 'http.request.method_original': method }

const SIGNATURES = /(^|[?&])(AWSAccessKeyId|Signature|sig|X-Goog-Signature)=[^&#]*/g

/** A URL or a query without the signatures that grant access (HTTP semantic conventions, `url.full` and `url.query`). */
export const redactSignatures = (url: string): string => url.replace(SIGNATURES, '$1$2=REDACTED')
