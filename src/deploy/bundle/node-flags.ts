/**
 * With which a function's Node is started, on a laptop as in its image: V8 refuses a code cache that was made with
 * others. A young generation that holds all of a start spares it the collections.
 */
export const NODE_FLAGS: readonly string[] = ['--min-semi-space-size=16']
