/** Changes of a pipeline's text that no schema sees, and what Tekton says of them. */
export const TEKTON_FAULTS: readonly (readonly [change: readonly [string, string], said: string])[] = [
  [['runAfter:\n        - build', 'runAfter:\n        - bild'], 'bild'],
  [['workspace: source', 'workspace: sources'], 'sources'],
  [['value: $(params.registry)', 'value: $(params.registri)'], 'registri'],
  [['name: staging\n', 'name: build\n'], 'build'],
  [['timeout: 45m', 'timeout: 45 minutes'], '45 minutes'],
  [['name: step-2', 'name: step-1'], 'step-1'],
]
