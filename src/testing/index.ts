export { type TestDatabase, testDatabase } from './test-database.ts'
export { type Caller, type TestFunction, type TestFunctionOptions, testFunction } from './test-function.ts'
export { type TestPolicy, testPolicy } from './test-policy.ts'
