import { ConfigError } from '../kernel/config-error.ts'

/** A command line that is wrong: a verb, an option, a value or a number of arguments that there is not. The process exits with 2. */
export class UsageError extends ConfigError {}
