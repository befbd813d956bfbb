import { commandOf, isOfPreviews, PREVIEW_VARIABLES, type Stage, VARIABLES } from './stages.ts'

/** `.github/workflows/…`: each stage is a job. Actions by their commits; nothing of a pull request's author gets into a script. */
export function githubWorkflow(name: string, stages: readonly Stage[]): unknown {
  const hasChecks = stages.some(({ on }) => on === 'change')
  const hasPreviews = stages.some(isOfPreviews)
  return {
    name,
    on: {
      push: { branches: ['main'] },
      ...(hasPreviews ? { pull_request: { types: ['opened', 'synchronize', 'reopened', 'closed'] } } : {}),
      ...(hasChecks && !hasPreviews ? { pull_request: null } : {}),
      ...(hasPreviews ? { schedule: [{ cron: '17 * * * *' }] } : {}),
      // Run by hand, it goes back.
      workflow_dispatch: null,
    },
    permissions: {},
    concurrency: {
      // One that goes back waits for no other.
      group: `${name}-${expression('github.event_name')}-${expression('github.ref')}`,
      'cancel-in-progress': expression("github.event_name == 'pull_request'"),
    },
    jobs: Object.fromEntries(stages.map((stage) => [stage.name, job(stage, stages)])),
  }
}

function job(stage: Stage, stages: readonly Stage[]): unknown {
  const { title, steps, after, environment, isKnown, pushes, minutes, on, gives, needs } = stage
  const isThere = stages.some((other) => other.name === after)
  const env = {
    ...(on === 'change' ? { BASE_REF: expression('github.base_ref') } : {}),
    ...(pushes ? PUSHING : {}),
    ...(environment ? variables(VARIABLES) : {}),
    ...(isOfPreviews(stage) ? { PREVIEW, ...variables(PREVIEW_VARIABLES) } : {}),
  }
  return {
    name: title,
    ...(isThere ? { needs: after } : {}),
    ...(CONDITIONS[on] ? { if: CONDITIONS[on] } : {}),
    'runs-on': 'ubuntu-24.04',
    'timeout-minutes': minutes,
    ...(environment ? { environment, concurrency: { group: environment, 'cancel-in-progress': on === 'person' } } : {}),
    // One that is closed meanwhile is removed when it is up.
    ...(isOfPreviews(stage)
      ? { environment: 'preview', concurrency: { group: PREVIEW, 'cancel-in-progress': false } }
      : {}),
    permissions: {
      contents: 'read',
      ...(isKnown ? { 'id-token': 'write' } : {}),
      ...(pushes ? { packages: 'write' } : {}),
    },
    ...(Object.keys(env).length > 0 ? { env } : {}),
    steps: [
      { uses: CHECKOUT, with: { 'persist-credentials': false } },
      ...(needs ? [{ uses: DOWNLOAD, with: { name: 'images' } }] : []),
      ...steps.map((step) => ({ run: commandOf(step) })),
      ...(gives ? [{ uses: UPLOAD, with: { name: 'images', path: `${gives.join('\n')}\n` } }] : []),
    ],
  }
}

const variables = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, expression(`vars.${name}`)]))

function expression(text: string): string {
  return `\${{ ${text} }}`
}

/** Whoever has no right to push has no preview: it would run with the rights of the job. */
const OF_OURS = "vars.EBB_PREVIEWS != '' && github.event.pull_request.head.repo.full_name == github.repository"

/** A project that has no registry yet is checked, and not delivered. */
const CONDITIONS = {
  change: "github.event_name != 'schedule' && github.event.action != 'closed'",
  preview: `github.event_name == 'pull_request' && github.event.action != 'closed' && ${OF_OURS}`,
  closed: `github.event_name == 'pull_request' && github.event.action == 'closed' && ${OF_OURS}`,
  hour: "github.event_name == 'schedule' && vars.EBB_PREVIEWS != ''",
  merge: "github.event_name == 'push' && vars.EBB_REGISTRY != ''",
  person: "github.event_name == 'workflow_dispatch'",
} as const

const PREVIEW = `pr-${expression('github.event.number')}`

const PUSHING = {
  EBB_REGISTRY: expression('vars.EBB_REGISTRY'),
  REVISION: expression('github.sha'),
  REGISTRY_USER: expression('github.actor'),
  REGISTRY_PASSWORD: expression('secrets.GITHUB_TOKEN'),
}

const CHECKOUT = 'actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0'
const UPLOAD = 'actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2'
const DOWNLOAD = 'actions/download-artifact@634f93cb2916e3fdff6788551b99b062d0335ce0 # v5.0.0'
