import { commandOf, type Stage } from './stages.ts'

/** `.gitlab-ci.yml`: each stage is a stage with one job. */
export function gitlabPipeline(stages: readonly Stage[]): unknown {
  return {
    stages: stages.map(({ name }) => name),
    workflow: {
      rules: [
        { if: "$CI_PIPELINE_SOURCE == 'merge_request_event'" },
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
    ...(after || on === 'person'
      ? { needs: [...(after ? [after] : []), ...(needs && after !== 'build' ? ['build'] : [])] }
      : {}),
    timeout: `${minutes} minutes`,
    // One that goes back waits for no other: helm itself lets only one at a release.
    ...(environment
      ? { environment: { name: environment }, ...(on === 'merge' ? { resource_group: environment } : {}) }
      : {}),
    ...(pushes ? { services: [{ name: 'docker.io/library/docker:28-dind', alias: 'docker' }] } : {}),
    ...(isKnown ? { id_tokens: TOKENS } : {}),
    variables: {
      ...(on === 'change' ? { BASE_REF: '$CI_MERGE_REQUEST_TARGET_BRANCH_NAME' } : {}),
      ...(pushes ? PUSHING : {}),
    },
    script: steps.map(commandOf),
    ...(gives ? { artifacts: { paths: gives, expire_in: '90 days' } } : {}),
  }
}

const RULES = {
  change: [{ when: 'on_success' }],
  merge: [{ if: '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_REGISTRY' }],
  person: [{ if: '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH', when: 'manual', allow_failure: true }],
} as const

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
