export { HEADER, RenderError } from './manifest.ts'
export { FUNCTIONS_SECRET, OWNER_ROLE, PLATFORM_SECRET, ROLES } from './platform.ts'
export { type RenderOptions, render } from './render.ts'
