/** Of a request's headers as they are sent: names, values, and four bytes for each. */
export const CALLER_HEADER_BYTES = 16 * 1024
/** Envoy, before functions on Knative, takes 100 with its own and ours. */
export const CALLER_HEADER_FIELDS = 80
/** What the gateway says to a function of the caller, with all scopes. */
export const IDENTITY_BYTES = 40 * 1024
/** Of a request's headers to a function: what callers and gateway may send together, and as much as Envoy takes. */
export const FUNCTION_HEADER_BYTES = 60 * 1024
