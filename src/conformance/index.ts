export { addConformanceFunctions, CONFORMANCE_FUNCTIONS, removeConformanceFunctions } from './fixture-functions.ts'
export { runMatrix } from './matrix/run-matrix.ts'
export { type Outcome, runConformance } from './run-conformance.ts'
export type { Target } from './target.ts'
