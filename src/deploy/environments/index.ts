export { createValuesCheck } from './check-values.ts'
export { chartValuesOf, type Environment, isMap, mergeValues, type Values } from './environment.ts'
export { readEnvironments } from './read-environments.ts'
