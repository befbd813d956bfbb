export { bundleContracts, bundleContractsSeparately, OPTIONAL_SOURCES, replacePointer } from './bundle-contracts.ts'
export { bundleFunction, NODE_FLAGS } from './bundle-function.ts'
export { type Bundle, replaceFile } from './write-chunk.ts'
