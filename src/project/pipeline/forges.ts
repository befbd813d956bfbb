/** What runs a pipeline. */
export const FORGES = ['github', 'gitlab', 'tekton'] as const
export type Forge = (typeof FORGES)[number]
