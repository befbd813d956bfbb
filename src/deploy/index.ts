export { asyncapi } from './asyncapi.ts'
export { checkPatterns } from './check-patterns.ts'
export { findFunctions } from './load-contracts.ts'
export { openapi } from './openapi.ts'
