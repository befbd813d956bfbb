export { type Bundle, bundleContracts, bundleFunction } from './bundle.ts'
export { findFunctions } from './find-functions.ts'
export { openapi } from './openapi.ts'
