import { toYaml } from '../../deploy/render/manifest.ts'
import type { Forge } from './forges.ts'
import { githubWorkflow } from './github.ts'
import { gitlabPipeline } from './gitlab.ts'
import { STAGES } from './stages.ts'
import { tektonPipelines } from './tekton.ts'

interface PipelineOptions {
  /** Of the workflow or pipeline, and of its file. Default: `ci`. */
  readonly name?: string
  /** Stages that something else sees to. */
  readonly without?: readonly string[]
}

/** The file of a forge, by its path: the same stages and scripts in each. */
export function pipelineFile(
  forge: Forge,
  { name = 'ci', without = [] }: PipelineOptions = {},
): Readonly<Record<string, string>> {
  const stages = STAGES.filter((stage) => !without.includes(stage.name))
  if (forge === 'github') return { [`.github/workflows/${name}.yml`]: yaml([githubWorkflow(name, stages)]) }
  if (forge === 'gitlab') return { '.gitlab-ci.yml': yaml([gitlabPipeline(stages)]) }
  return { [`.tekton/${name}.yaml`]: yaml(tektonPipelines(name, stages)) }
}

const HEADER =
  '# Rendered by `ebb pipeline`, as for every other forge. What its steps do stands in .ci, and is yours to change.\n'

/** An action's version, and what a permission is for, stand beside them as comments. */
const yaml = (documents: readonly unknown[]): string =>
  HEADER +
  documents
    .map(toYaml)
    .join('---\n')
    .replaceAll(/uses: "?([^"\n]+ # v[\d.]+)"?$/gm, 'uses: $1')
    .replaceAll('contents: read\n', 'contents: read # to check out a private repository\n')
    .replaceAll('id-token: write\n', 'id-token: write # to be known as this job, by cosign, the cluster and npm\n')
    .replaceAll('packages: write\n', "packages: write # to push to the forge's registry\n")
