import { readAnnouncement } from '../dev/announcement.ts'
import { createSessionKey } from '../protocol/admin/session.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult } from './admin-client.ts'
import { type Form, form } from './form.ts'

export const consoleCommand: readonly Form[] = [
  form({
    description: 'Print an address that logs one browser in to the console, for 12 hours.',
    options: ADMIN_OPTIONS,
    examples: ['console', 'console --admin http://localhost:8081'],
    run: (project, options) => printAddress(project, options),
  }),
]

async function printAddress(project: string, options: AdminOptions) {
  const { key, expiresAt } = await callAdmin(project, createSessionKey, {}, options)
  const admin = options.admin ?? (await readAnnouncement(project)).admin
  const url = new URL(`/console/#key=${key}`, admin).href
  printResult({ url, expiresAt }, () => [url], options)
}
