/**
 * With which a function's Node is started, on a laptop as in its image. A young generation that holds all of a start
 * spares it the collections. Other flags than these may make V8 refuse the code caches, which are made with them.
 */
export const NODE_FLAGS: readonly string[] = ['--min-semi-space-size=16']
