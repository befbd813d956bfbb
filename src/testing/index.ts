export type { ServiceStub, StubContext } from './start-services.ts'
export { type TestDatabase, testDatabase } from './test-database.ts'
export { testFunction } from './test-function.ts'
export type {
  Caller,
  EmittedEvent,
  StubbedUses,
  TestFunction,
  TestFunctionOptions,
  TestServices,
} from './test-function-types.ts'
export { type TestPolicy, testPolicy } from './test-policy.ts'
