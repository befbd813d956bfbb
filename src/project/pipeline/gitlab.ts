import { commandOf, type Stage } from './stages.ts'

/** `.gitlab-ci.yml`: each stage is a stage with one job. */
export function gitlabPipeline(stages: readonly Stage[]): unknown {
  return {
    stages: stages.map(({ name }) => name),
    workflow: {
      rules: [
        { if: "$CI_PIPELINE_SOURCE == 'merge_request_event'" },
        // Of yours, once an hour, for previews that are over.
        { if: "$CI_PIPELINE_SOURCE == 'schedule'" },
        { if: '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH' },
      ],
    },
    default: { image: '$EBB_CI_IMAGE', interruptible: false },
    variables: {
      // Node with npm, git, docker, kubectl, helm and cosign: an image of yours.
      EBB_CI_IMAGE: 'docker.io/library/node:26-trixie',
      GIT_DEPTH: '0',
    },
    ...Object.fromEntries(stages.map((stage) => [stage.name, job(stage)])),
  }
}

function job({ name, steps, on, after, environment, gives, needs, isKnown, pushes, minutes }: Stage): unknown {
  return {
    stage: name,
    rules: RULES[on],
    ...(on === 'change' ? { interruptible: true } : {}),
    ...(after || !['change', 'merge'].includes(on)
      ? { needs: [...(after ? [after] : []), ...(needs && after !== 'build' ? ['build'] : [])] }
      : {}),
    timeout: `${minutes} minutes`,
    // One that goes back waits for no other: helm itself lets only one at a release.
    ...(environment
      ? { environment: { name: environment }, ...(on === 'merge' ? { resource_group: environment } : {}) }
      : {}),
    ...PREVIEWS[on],
    ...(pushes ? { services: [{ name: 'docker.io/library/docker:28-dind', alias: 'docker' }] } : {}),
    ...(isKnown ? { id_tokens: TOKENS } : {}),
    variables: {
      ...(on === 'change' ? { BASE_REF: '$CI_MERGE_REQUEST_TARGET_BRANCH_NAME' } : {}),
      ...(pushes ? PUSHING : {}),
      ...(PREVIEWS[on] ? { PREVIEW: 'mr-$CI_MERGE_REQUEST_IID' } : {}),
    },
    script: steps.map(commandOf),
    ...(gives ? { artifacts: { paths: gives, expire_in: '90 days' } } : {}),
  }
}

const BY_HOUR = "$CI_PIPELINE_SOURCE == 'schedule'"
const PREVIEWED = "$CI_PIPELINE_SOURCE == 'merge_request_event' && $EBB_PREVIEWS"

const RULES = {
  change: [{ if: BY_HOUR, when: 'never' }, { when: 'on_success' }],
  preview: [{ if: PREVIEWED }],
  // GitLab does it when the merge request is closed, or the time of the environment is over.
  closed: [{ if: PREVIEWED, when: 'manual', allow_failure: true }],
  hour: [{ if: `${BY_HOUR} && $EBB_PREVIEWS` }],
  merge: [{ if: BY_HOUR, when: 'never' }, { if: '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_REGISTRY' }],
  person: [
    { if: BY_HOUR, when: 'never' },
    { if: '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH', when: 'manual', allow_failure: true },
  ],
} as const

const PREVIEW = 'preview/mr-$CI_MERGE_REQUEST_IID'
const PREVIEWS: Readonly<Partial<Record<Stage['on'], object>>> = {
  preview: {
    environment: { name: PREVIEW, on_stop: 'preview-down', auto_stop_in: '1 day' },
    resource_group: PREVIEW,
  },
  closed: { environment: { name: PREVIEW, action: 'stop' }, resource_group: PREVIEW },
}

const PUSHING = {
  DOCKER_HOST: 'tcp://docker:2376',
  DOCKER_TLS_CERTDIR: '/certs',
  EBB_REGISTRY: '$CI_REGISTRY_IMAGE',
  REVISION: '$CI_COMMIT_SHA',
  REGISTRY_USER: '$CI_REGISTRY_USER',
  REGISTRY_PASSWORD: '$CI_REGISTRY_PASSWORD',
}

/** What cosign, the cluster and npm know the job by. */
const TOKENS = {
  SIGSTORE_ID_TOKEN: { aud: 'sigstore' },
  KUBE_TOKEN: { aud: '$KUBE_AUDIENCE' },
  NPM_ID_TOKEN: { aud: 'npm:registry.npmjs.org' },
}
