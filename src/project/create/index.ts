export { askOptions } from './ask-options.ts'
export { createProject } from './create-project.ts'
export { CREATE_USAGE, completeOptions, EXAMPLES, parseCreate } from './parse-create.ts'
