/**
 * A request of the relay's own, from one of the examples, at set intervals through the gateway's public address: whether the endpoint
 * answers as the example says.
 * @example const check: SyntheticCheck = { everySeconds: 300, from: 'the first page' }
 * @see docs/guide/54-synthetic-checks.md
 */
export interface SyntheticCheck {
  /** From the begin of one to the begin of the next: 300 to 86,400, and from 60 on where `scale.min` keeps an instance running anyway. */
  readonly everySeconds: number
  /** The title of the example whose request is sent; it has all that the request needs. */
  readonly from: string
  /**
   * The endpoint of this project that takes back what the check has written, such as `cancel-order`: its path's parameters are those of the
   * reply, or else of the request. Whatever does not only read needs one.
   */
  readonly undo?: string
}
