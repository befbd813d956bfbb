export type { ServiceStub, StubContext } from './start-services.ts'
export { type TestDatabase, testDatabase } from './test-database.ts'
export {
  type Caller,
  type EmittedEvent,
  type StubbedUses,
  type TestFunction,
  type TestFunctionOptions,
  type TestServices,
  testFunction,
} from './test-function.ts'
export { type TestPolicy, testPolicy } from './test-policy.ts'
