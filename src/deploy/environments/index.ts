export { createValuesCheck } from './check-values.ts'
export { chartValuesOf, type Environment } from './environment.ts'
export { ENVIRONMENTS, readEnvironments } from './read-environments.ts'
