export { askOptions } from './ask-options.ts'
export { completeOptions, EXAMPLES } from './create-options.ts'
export { createProject } from './create-project.ts'
