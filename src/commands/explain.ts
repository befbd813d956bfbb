import { dataDirOf, findRunning } from '../dev/announcement.ts'
import { readRecords } from '../dev/recorder/read-records.ts'
import { ConfigError, processConfig } from '../kernel/index.ts'
import type { AdminOutput } from '../protocol/admin/admin-endpoint.ts'
import { explainId } from '../protocol/admin/traces.ts'
import { tellStory } from '../protocol/story/tell-story.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult } from './admin-client.ts'
import { type Form, form } from './form.ts'

export const explainCommand: readonly Form[] = [
  form({
    description:
      'Tell what happened to a request, in order, and what failed: at the gateway, in its function, and in the subscribers of its events.',
    arguments: {
      id: {
        ...{ value: 'ID', required: true },
        description:
          'The X-Correlation-Id of its response, its trace id, or the id of one of its events or of its asynchronous call.',
      },
    },
    options: ADMIN_OPTIONS,
    examples: [
      'explain 4c25fd5f-ac33-4218-9756-32a5617c7c5e',
      'explain 4c25fd5f-ac33-4218-9756-32a5617c7c5e --admin http://localhost:8081',
    ],
    run: async (project, { id, ...options }) => printResult(await findStory(project, id, options), toLines, options),
  }),
]

type Story = AdminOutput<typeof explainId>

/** Asked of the gateway, which sees the database as well; where none runs here, from the files that are left. */
async function findStory(project: string, id: string, options: AdminOptions): Promise<Story> {
  const isRunning = options.admin !== undefined || (await findRunning(project)) !== undefined
  if (isRunning) return callAdmin(project, explainId, { params: { id } }, options)
  const { lines, spans, logSince } = readRecords(dataDirOf(project, processConfig()), [id])
  const unseen = ['The database is not running: start Ebb with npm start to see events and deliveries as well.']
  const story = tellStory(id, { lines, spans, events: [], calls: [], routes: [], unseen })
  if (story) return story
  throw new ConfigError(`nothing on this laptop has the id ${id}; its log begins at ${logSince ?? 'no line at all'}`)
}

function toLines({ correlationIds, causes, slowest, steps, unseen }: Story): readonly string[] {
  const width = Math.max(...steps.map(({ part }) => part.length))
  const told = steps.flatMap(({ atMs, part, says, error }) => [
    `${`+${Math.round(atMs)} ms`.padStart(10)}  ${part.padEnd(width)}  ${says}`,
    ...(error === undefined ? [] : error.split('\n').map((line) => `${' '.repeat(12)}${line}`)),
  ])
  const found = causes.map(({ part, says }) => `  ${part}: ${says}`)
  return [
    ...[...correlationIds.map((one) => `Correlation ${one}`), '', ...told, ''],
    ...(found.length > 0 ? ['What failed:', ...found] : ['Nothing has failed, as far as is known here.']),
    ...(slowest ? ['What took longest:', `  ${slowest.part}: ${slowest.says}`] : []),
    ...(unseen.length > 0 ? ['What could not be seen:', ...unseen.map((one) => `  ${one}`)] : []),
  ]
}
