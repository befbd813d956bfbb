export { type TestDatabase, testDatabase } from './test-database.ts'
export { type Caller, type TestFunction, testFunction } from './test-function.ts'
