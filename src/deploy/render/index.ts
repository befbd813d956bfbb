export { readChart } from './chart.ts'
export { HEADER, RenderError } from './manifest.ts'
export { type RenderOptions, render } from './render.ts'
export { clusterSecrets } from './secrets.ts'
