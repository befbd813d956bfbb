import { createFieldsValidator, type FormBody, type StreamedBody } from '../../contract/index.ts'
import type { Step } from '../context.ts'
import { invalidRequest } from '../request-problems.ts'
import { readForm } from '../streams/read-form.ts'

/** Reads the streamed body as a form, validates its texts, and gives the handler both. */
export function receiveForm(form: FormBody): Step {
  const validate = createFieldsValidator(form.fields)
  const required = Object.entries(form.files ?? {}).flatMap(([name, { optional }]) => (optional ? [] : [name]))
  return async function receiveForm(request, response) {
    const { locals } = response
    // `receiveStream` has put it there.
    const { body } = locals.input as { readonly body: StreamedBody }
    const read = await readForm(body, request.headers['content-type'] ?? '', form)
    const fields = validate(read.fields)
    const missing = required.filter(
      (name) => !Object.hasOwn(read.files, name) && !read.issues.some(({ path }) => path === `body.${name}`),
    )
    const issues = [
      ...read.issues,
      ...missing.map((name) => ({ path: `body.${name}`, message: 'Missing' })),
      ...('issues' in fields ? fields.issues : []),
    ]
    if ('issues' in fields || issues.length > 0) throw invalidRequest(issues)
    locals.input = { ...Object(locals.input), body: { fields: fields.value, files: read.files } }
  }
}
