/** The way of a change from its commit to production: the one list, which the files of all forges are rendered from. */
export interface Stage {
  readonly name: string
  /** What people see of it. */
  readonly title: string
  /** Scripts of `.ci`, with an argument where they take one, in their order. */
  readonly steps: readonly string[]
  /** What sets it off: each change, what has been merged, or a person; each change that is to have a preview, its end, or each hour. */
  readonly on: 'change' | 'merge' | 'person' | 'preview' | 'closed' | 'hour'
  /** The stage that must have passed. */
  readonly after?: string
  /** Where it deploys to: one at a time. */
  readonly environment?: string
  /** Files that later stages get, and those that it needs. */
  readonly gives?: readonly string[]
  readonly needs?: readonly string[]
  /** Whether the forge issues tokens to it (OIDC), in place of secrets that are kept. */
  readonly isKnown?: true
  /** Whether it pushes images. */
  readonly pushes?: true
  readonly minutes: number
}

export const STAGES: readonly Stage[] = [
  { name: 'check', title: 'Check', steps: ['check', 'contracts'], on: 'change', minutes: 45 },
  {
    ...{ name: 'build', title: 'Build once, and sign', on: 'merge', after: 'check', minutes: 60 },
    ...{ steps: ['build', 'sbom', 'sign'], gives: ['images.json', 'sbom.cdx.json'], isKnown: true, pushes: true },
  },
  {
    ...{ name: 'staging', title: 'Staging', on: 'merge', after: 'build', minutes: 45 },
    ...{ steps: ['deploy staging', 'verify staging'], needs: ['images.json'], environment: 'staging', isKnown: true },
  },
  {
    ...{ name: 'production', title: 'Production', on: 'merge', after: 'staging', minutes: 120 },
    ...{ steps: ['canary', 'deploy production', 'verify production'], needs: ['images.json'] },
    ...{ environment: 'production', isKnown: true },
  },
  {
    ...{ name: 'client', title: 'Publish the client', on: 'merge', after: 'production', minutes: 15 },
    ...{ steps: ['publish-client'], isKnown: true },
  },
  {
    ...{ name: 'rollback', title: 'Go back', on: 'person', minutes: 30 },
    ...{ steps: ['rollback'], environment: 'production', isKnown: true },
  },
  {
    ...{ name: 'preview', title: 'Preview', on: 'preview', after: 'check', minutes: 60 },
    ...{ steps: ['build', 'preview up'], isKnown: true, pushes: true },
  },
  {
    ...{ name: 'preview-down', title: 'Remove the preview', on: 'closed', minutes: 15 },
    ...{ steps: ['preview down'], isKnown: true },
  },
  {
    ...{ name: 'preview-sweep', title: 'Remove previews that are over', on: 'hour', minutes: 15 },
    ...{ steps: ['preview down --expired'], isKnown: true },
  },
]

/** What the scripts read from the environment besides what the forge sets: kept by the forge as variables, none of them secret. */
export const VARIABLES = ['KUBE_SERVER', 'KUBE_CA', 'KUBE_AUDIENCE', 'NAMESPACE', 'RELEASE', 'CANARIES'] as const

/** The same for previews, which there are none of unless EBB_PREVIEWS is set. */
export const PREVIEW_VARIABLES = ['KUBE_SERVER', 'KUBE_CA', 'KUBE_AUDIENCE', 'PREVIEW_ENV', 'PREVIEW_TTL'] as const

/** Whether it is about previews. */
export const isOfPreviews = ({ on }: Stage): boolean => on === 'preview' || on === 'closed' || on === 'hour'

/** A step as a command. */
export const commandOf = (step: string): string => `bash .ci/${step}`
