/** A setting that is wrong or missing: the message has a line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}
