/** What is known of one function's instances. */
export interface FunctionStatus {
  readonly name: string
  readonly instances: number
  readonly coldStarts: number
  readonly requests: number
}

/** Answered by the laptop's runner, or by Kubernetes. */
export type FunctionsView = () => Promise<readonly FunctionStatus[]>
