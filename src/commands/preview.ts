import { importContracts } from '../deploy/import-sources.ts'
import { ConfigError } from '../kernel/index.ts'
import { table } from './admin-client.ts'
import { printJson, printLine } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'
import { clusterPreviews } from './preview/cluster-previews.ts'
import { readGivenValues } from './preview/given-values.ts'
import { laptopPreviews, startLaptopPreview, stopLaptopPreviews } from './preview/laptop-previews.ts'
import { readPreviewName } from './preview/preview-names.ts'
import { readTtl } from './preview/read-ttl.ts'
import { startPreview } from './preview/start-preview.ts'
import { findExpired, stopPreviews } from './preview/stop-preview.ts'
import { UsageError } from './usage-error.ts'

const NAME = { value: 'NAME', description: 'What it is called, such as pr-12.', read: readPreviewName } as const
const LAPTOP = { description: 'On this machine, beside what npm start runs, in place of a cluster.' } as const

export const previewCommand: readonly Form[] = [
  form({
    word: 'up',
    description:
      'Start a preview on the cluster of kubectl: a namespace with a database, roles, secrets and an address of its own, at zero while nobody calls. Run again, it brings the preview to what is here now, keeps its data, and its time begins anew.',
    arguments: { name: { ...NAME, required: true } },
    options: {
      ttl: { value: 'TIME', default: '24h', read: readTtl, description: 'How long it lives, such as 8h or 3d.' },
      values: {
        value: 'FILE',
        repeated: true,
        completes: 'path',
        description: 'Values of the chart, such as images.json, which says which images.',
      },
      env: { value: 'NAME', description: 'An environment of environments/ whose values and settings it has besides.' },
      template: {
        value: 'DATABASE',
        description:
          "A database of the previews' server that it begins with, such as preview_seed. Default: an empty one.",
      },
      secret: {
        value: 'NAMESPACE/NAME',
        repeated: true,
        read: readSecretName,
        description:
          'A Secret that is copied into it, for values that name it. What contracts name in `secrets` is made up by default.',
      },
      laptop: LAPTOP,
      json: JSON_OPTION,
    },
    examples: [
      'preview up pr-12 --values images.json',
      'preview up pr-12 --values images.json --template preview_seed --ttl 3d',
      'preview up login-page --laptop',
    ],
    run: (project, { name, ...options }) => up(project, name, options),
  }),
  form({
    word: 'down',
    description:
      'Remove a preview: its namespace, its database and its roles. With --expired all whose time is over, and what is left of those whose namespace somebody has deleted.',
    arguments: { name: NAME },
    options: { expired: { description: 'All whose time is over.' }, laptop: LAPTOP, json: JSON_OPTION },
    examples: ['preview down pr-12', 'preview down --expired'],
    run: (project, options) => down(project, options),
  }),
  form({
    word: 'list',
    description: 'List previews, with their addresses, how many pods they have, and how long they live.',
    options: { laptop: LAPTOP, json: JSON_OPTION },
    examples: ['preview list'],
    run: (project, options) => list(project, options),
  }),
]

function readSecretName(text: string): readonly [string, string] {
  const [namespace = '', name = '', ...more] = text.split('/')
  if (namespace === '' || name === '' || more.length > 0)
    throw new ConfigError('--secret is the namespace of a Secret and its name, such as staging/stripe')
  return [namespace, name]
}

interface Where {
  readonly laptop: boolean
  readonly json: boolean
}

interface UpOptions extends Where {
  readonly ttl: number
  readonly values: readonly string[]
  readonly env?: string | undefined
  readonly template?: string | undefined
  readonly secret: readonly (readonly [string, string])[]
}

async function up(project: string, name: string, options: UpOptions) {
  const beganAt = performance.now()
  const started = await (options.laptop ? upHere : upThere)(project, name, options)
  const seconds = (performance.now() - beganAt) / 1_000
  if (options.json) return printJson({ ...started, seconds })
  printLine(`${name} is up after ${seconds.toFixed(0)} s, until ${started.expiresAt}: ${started.url}`)
}

function upHere(project: string, name: string, { ttl, values, env, template, secret }: UpOptions) {
  if (values.length > 0 || env !== undefined || template !== undefined || secret.length > 0)
    throw new UsageError('--values, --env, --template and --secret are for a cluster: leave them out with --laptop')
  return startLaptopPreview(project, name, ttl)
}

async function upThere(project: string, name: string, { ttl, template, secret, ...given }: UpOptions) {
  const contracts = await importContracts(project)
  return startPreview(name, {
    ...{ project, template, ttlSeconds: ttl, secrets: secret, contracts: Object.values(contracts) },
    values: await readGivenValues(project, contracts, given),
  })
}

interface DownOptions extends Where {
  readonly name?: string | undefined
  readonly expired: boolean
}

async function down(project: string, { name, expired, laptop, json }: DownOptions) {
  if ((name === undefined) !== expired) throw new UsageError('ebb preview down takes a name, or --expired')
  const removed = name !== undefined ? [name] : await (laptop ? expiredHere(project) : findExpired(new Date()))
  if (laptop) await stopLaptopPreviews(project, removed)
  else await stopPreviews(removed)
  if (json) return printJson({ removed })
  printLine(removed.length > 0 ? `Removed ${removed.join(', ')}.` : 'No preview is over.')
}

const expiredHere = async (project: string) =>
  (await laptopPreviews(project)).filter(({ expiresAt }) => Date.parse(expiresAt) <= Date.now()).map(({ name }) => name)

async function list(project: string, { laptop, json }: Where) {
  const previews = await (laptop ? laptopPreviews(project) : clusterPreviews())
  if (json) return printJson(previews)
  if (previews.length === 0) return printLine('There is no preview.')
  const rows = previews.map((one) => [one.name, one.url, 'pods' in one ? String(one.pods) : '-', one.expiresAt])
  printLine(table([['NAME', 'ADDRESS', 'PODS', 'UNTIL'], ...rows]).join('\n'))
}
