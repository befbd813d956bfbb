export { createValuesCheck } from './check-values.ts'
export { chartValuesOf, type Environment } from './environment.ts'
export { readEnvironments } from './read-environments.ts'
