export { type AppOptions, createApp } from './app.ts'
export { type Implementation, implement, type Uses } from './implement.ts'
export { openResources } from './resources.ts'
export { serve } from './serve.ts'
