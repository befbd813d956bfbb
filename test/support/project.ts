import { resolve } from 'node:path'

/** The project that the platform is tested with. The one in functions/ and domain/ is an example, and may be gone. */
export const TEST_PROJECT = resolve('test/project')

/**
 * How to run the command line in a checkout, which is platform and project in one; default: this platform's, in the tests'
 * project.
 */
export const cliIn = (root?: string) => ({ cli: resolve(root ?? '.', 'src/cli.ts'), cwd: root ?? TEST_PROJECT })
