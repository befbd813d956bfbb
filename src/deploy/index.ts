export { type Bundle, bundleContracts, bundleFunction, pointTo } from './bundle.ts'
export { findFunctions } from './find-functions.ts'
export { openapi } from './openapi.ts'
