export { diffContracts } from './diff-contracts.ts'
export type { Finding } from './finding.ts'
