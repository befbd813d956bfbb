import type { AdminOutput } from '../protocol/admin/admin-endpoint.ts'
import * as endpoints from '../protocol/admin/schedules.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'
import { type Form, form } from './form.ts'

export const schedulesCommand: readonly Form[] = [
  form({
    word: 'list',
    description: 'List the schedules, when each fires next, and what became of its last firing.',
    options: ADMIN_OPTIONS,
    examples: ['schedules list'],
    run: (project, options) => listSchedules(project, options),
  }),
  form({
    word: 'run',
    description: 'Have a schedule fire now, in addition to its own times.',
    arguments: {
      name: { value: 'NAME', required: true, completes: 'function', description: 'The schedule, such as close-books.' },
    },
    options: ADMIN_OPTIONS,
    examples: ['schedules run close-books'],
    run: (project, { name, ...options }) => runSchedule(project, name, options),
  }),
]

async function listSchedules(project: string, options: AdminOptions) {
  printResult(await callAdmin(project, endpoints.listSchedules, {}, options), toRows, options)
}

function toRows({ schedules }: AdminOutput<typeof endpoints.listSchedules>): readonly string[] {
  if (schedules.length === 0) return ['No schedules.']
  const rows = schedules.map(({ name, cron, timeZone, nextAt, last, waiting }) => [
    ...[name, `${cron} ${timeZone}`, nextAt ?? 'not known yet'],
    last ? `${last.plannedAt} ${last.state}${last.manual ? ', by hand' : ''}` : 'none',
    String(waiting),
  ])
  return table([['SCHEDULE', 'CRON', 'NEXT', 'LAST', 'WAITING'], ...rows])
}

async function runSchedule(project: string, name: string, options: AdminOptions) {
  const firing = await callAdmin(project, endpoints.runSchedule, { params: { name } }, options)
  printResult(
    firing,
    ({ state, eventId }) => [
      state === 'waiting' ? `${name} fires when the firing before is done.` : `${name} has fired: event ${eventId}`,
    ],
    options,
  )
}
