export { checkPatterns } from './check-patterns.ts'
export { checkSchedules } from './check-schedules.ts'
export { findFunctions } from './load-contracts.ts'
export { openapi } from './openapi.ts'
