/** The most bytes of a caller's headers as they are sent: names, values, and four bytes for each line. */
export const MAX_CALLER_HEADER_BYTES = 16 * 1024

/** The most header lines of a caller. Envoy, in front of functions on Knative, accepts 100, with its own and the gateway's. */
export const MAX_CALLER_HEADER_FIELDS = 80

/** The most bytes of `Ebb-Identity`: the caller with all scopes. */
export const MAX_IDENTITY_BYTES = 40 * 1024

/**
 * The most bytes of the headers of a request to a function: what caller and gateway may send together, and as much as Envoy
 * accepts.
 */
export const MAX_FUNCTION_HEADER_BYTES = 60 * 1024
