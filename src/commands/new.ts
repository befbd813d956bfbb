import { type ReloadOutcome, waitForReload } from '../dev/announcement.ts'
import { printJson, printLine } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'
import { writeFunction } from './new/write-function.ts'

export const newCommand: readonly Form[] = [
  form({
    description:
      'Write a working function with its test: an endpoint, with --on a subscriber of an event, with --change one of the changes of a table, with --schedule one that fires at times of its own, with --receive one that takes the webhooks of a provider, or with --authorizer one that says who calls; with --proxy only a contract, for a service that is there already.',
    arguments: {
      name: { value: 'VERB-NOUN', required: true, description: 'Its name, such as place-order.' },
    },
    options: {
      method: { value: 'METHOD', description: 'The HTTP method of the endpoint. Default: by the verb of its name.' },
      path: { value: 'PATH', description: 'The path of the endpoint, such as /v1/orders/{id}. Default: by its name.' },
      on: {
        value: 'EVENT-TYPE',
        description: 'The event to subscribe to, such as order.placed, which domain/ declares.',
      },
      change: {
        value: 'TABLE',
        description:
          "The table whose changes it takes, such as orders. Its columns are those of the running Ebb's database.",
      },
      schedule: {
        value: 'CRON',
        description: "When it fires, as minute, hour, day, month and weekday, such as '0 3 * * mon-fri'.",
      },
      receive: {
        value: 'PROVIDER',
        description:
          'Whose webhooks it takes: github, stripe, or standard for Standard Webhooks. Default for --path: /v1/receive/PROVIDER.',
      },
      authorizer: { description: 'Write an authorizer, which an endpoint names in `access`.' },
      proxy: {
        value: 'URL',
        description: 'Write a proxy to the service at this address. Default for --path: /NAME/*, and all below it.',
      },
      from: {
        value: 'NAME',
        completes: 'function',
        description:
          'Copy this endpoint as its next version, which stands beside it and is named by its `deprecated`. Default for --path: /v2/… for /v1/….',
      },
      json: JSON_OPTION,
    },
    examples: [
      'new list-invoices',
      'new get-order-v2 --from get-order',
      'new search-orders --method POST --path /v1/orders/search',
      'new note-order --on order.placed',
      'new follow-orders --change orders',
      "new close-books --schedule '0 3 * * *'",
      'new receive-stripe-webhook --receive stripe',
      'new check-partner --authorizer',
      "new old-shop --proxy http://localhost:8081 --path '/shop/*'",
    ],
    run: async (project, { name, json, ...options }) => {
      const files = await writeFunction(project, name, options)
      if (!json) printLine(`${files.join('\n')}\n`)
      const outcome = await waitForReload(project, name, { isServed: true })
      if (json) printJson({ function: name, files, outcome })
      else printLine(`${RELOAD_MESSAGES[outcome]}${options.proxy ? '' : ` Its test: npm test -- functions/${name}`}`)
    },
  }),
]

const RELOAD_MESSAGES: Readonly<Record<ReloadOutcome, string>> = {
  reloaded: 'The running Ebb serves it.',
  late: 'The running Ebb does not serve it yet; its terminal says why.',
  'not-running': 'npm start serves it.',
}
