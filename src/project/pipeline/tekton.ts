import { commandOf, type Stage } from './stages.ts'

/** `.tekton/…`: a Pipeline of the way to production, and one for each stage that a person, a change or the clock sets off. */
export function tektonPipelines(name: string, stages: readonly Stage[]): readonly unknown[] {
  const merged = stages.filter(({ on }) => on === 'change' || on === 'merge')
  const others = stages.filter((stage) => !merged.includes(stage))
  return [pipeline(name, merged), ...others.map((stage) => pipeline(`${name}-${stage.name}`, [stage]))]
}

const pipeline = (name: string, stages: readonly Stage[]) => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'Pipeline',
  metadata: { name },
  spec: {
    params: PARAMETERS,
    workspaces: [{ name: 'source', description: 'The checkout, which all tasks share.' }],
    tasks: [CLONE, ...stages.map((stage) => task(stage, stages))],
  },
})

function task({ name, steps, after, minutes, environment }: Stage, stages: readonly Stage[]) {
  const isThere = stages.some((other) => other.name === after)
  return {
    name,
    runAfter: [isThere ? after : CLONE.name],
    timeout: `${minutes}m`,
    workspaces: [{ name: 'source', workspace: 'source' }],
    params: PARAMETERS.map((parameter) => ({ name: parameter.name, value: `$(params.${parameter.name})` })),
    taskSpec: {
      params: PARAMETERS.map((parameter) => ({ name: parameter.name, type: 'string' })),
      workspaces: [{ name: 'source' }],
      steps: steps.map((step, i) => ({
        name: `step-${i + 1}`,
        image: '$(params.image)',
        workingDir: '$(workspaces.source.path)',
        env: ENVIRONMENT,
        script: `#!/usr/bin/env bash\n${commandOf(step)}\n`,
        ...(environment ? {} : { computeResources: { requests: { cpu: '1', memory: '2Gi' } } }),
      })),
    },
  }
}

const parameter = (name: string, description: string, byDefault?: string) => ({
  ...{ name, type: 'string', description },
  ...(byDefault === undefined ? {} : { default: byDefault }),
})

const PARAMETERS = [
  parameter('repository', 'Where the sources are.'),
  parameter('revision', 'The commit.'),
  parameter('base', 'The branch that it goes into, where it is a pull request.', ''),
  parameter('registry', 'Where images are pushed to, such as registry.example.com/my-team.'),
  parameter('namespace', 'Where it is deployed.', 'default'),
  parameter(
    'cosign-key',
    'What images are signed with, such as k8s://my-api/cosign; a key of the job itself where empty.',
    '',
  ),
  parameter('canaries', 'The functions whose new image some callers get first, with spaces between.', ''),
  parameter('preview', 'What the preview of the change is called, such as pr-12.', ''),
  parameter('image', 'Node with npm, git, docker, kubectl, helm and cosign: an image of yours.'),
]

const ENVIRONMENT = [
  { name: 'CANARIES', value: '$(params.canaries)' },
  { name: 'BASE_REF', value: '$(params.base)' },
  { name: 'EBB_REGISTRY', value: '$(params.registry)' },
  { name: 'REVISION', value: '$(params.revision)' },
  { name: 'NAMESPACE', value: '$(params.namespace)' },
  { name: 'PREVIEW', value: '$(params.preview)' },
  { name: 'COSIGN_KEY', value: '$(params.cosign-key)' },
]

const CLONE = {
  name: 'clone',
  workspaces: [{ name: 'source', workspace: 'source' }],
  params: ['repository', 'revision', 'image'].map((name) => ({ name, value: `$(params.${name})` })),
  taskSpec: {
    params: ['repository', 'revision', 'image'].map((name) => ({ name, type: 'string' })),
    workspaces: [{ name: 'source' }],
    steps: [
      {
        name: 'clone',
        image: '$(params.image)',
        workingDir: '$(workspaces.source.path)',
        env: [
          { name: 'REPOSITORY', value: '$(params.repository)' },
          { name: 'REVISION', value: '$(params.revision)' },
        ],
        script:
          '#!/usr/bin/env bash\nset -euo pipefail\ngit clone "$REPOSITORY" .\ngit checkout --detach "$REVISION"\n',
      },
    ],
  },
}
