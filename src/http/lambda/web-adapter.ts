import { existsSync } from 'node:fs'
import type { Config } from '../../kernel/index.ts'

/** Where AWS's web adapter is, in an image or from a layer, by its documentation: Lambda starts all that is in that folder. */
const PROGRAM = '/opt/extensions/lambda-adapter'

/**
 * Whether a function has to ask AWS Lambda for its requests. Not where the web adapter is: that asks in its place, and sends them by
 * HTTP.
 */
export const asksForInvocations = (
  { AWS_LAMBDA_RUNTIME_API: api, AWS_LWA_PORT: port }: Pick<Config, 'AWS_LAMBDA_RUNTIME_API' | 'AWS_LWA_PORT'>,
  program = PROGRAM,
): boolean => Boolean(api) && port === undefined && !existsSync(program)
