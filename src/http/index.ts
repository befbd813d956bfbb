export { createApp } from './app.ts'
export type { Implementation, Uses } from './implement.ts'
export { openResources } from './resources.ts'
