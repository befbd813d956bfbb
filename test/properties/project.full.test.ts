import { TEST_PROJECT } from '../support/project.ts'
import { testAnyRequest } from './any-request.ts'

await testAnyRequest(TEST_PROJECT)
