import { printResult } from './admin-client.ts'
import { type Story, tellStory } from './explain/tell-story.ts'
import { type Form, form, JSON_OPTION } from './form.ts'

export const explainCommand: readonly Form[] = [
  form({
    description:
      'Tell what happened to a request on this laptop, in order: at the gateway, in its function, and in the subscribers of its events.',
    arguments: {
      id: {
        ...{ value: 'ID', required: true },
        description: 'The X-Correlation-Id of its response, its trace id, or the id of one of its events.',
      },
    },
    options: { json: JSON_OPTION },
    examples: ['explain 4c25fd5f-ac33-4218-9756-32a5617c7c5e'],
    run: async (project, { id, json }) => printResult(tellStory(project, id), toLines, { json }),
  }),
]

function toLines({ correlation, steps, failures }: Story): readonly string[] {
  const width = Math.max(...steps.map(({ part }) => part.length))
  const told = steps.flatMap(({ atMs, part, says, error }) => [
    `${`+${atMs} ms`.padStart(10)}  ${part.padEnd(width)}  ${says}`,
    ...(error === undefined ? [] : error.split('\n').map((line) => `${' '.repeat(12)}${line}`)),
  ])
  return [
    ...correlation.map((one) => `Correlation ${one}`),
    '',
    ...told,
    '',
    ...(failures.length > 0 ? ['What failed:', ...failures.map((one) => `  ${one}`)] : ['No error was logged.']),
  ]
}
