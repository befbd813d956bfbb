import type { DatabaseUser } from '../data/migrate/privileges.ts'
import { ConfigError, inheritedEnv } from '../kernel/index.ts'

/** The Postgres of a run of jest, as its setup tells it to the processes that run test files. */
export interface TestServer {
  /** Its address with the login of a superuser, and with that of each part. */
  readonly urls: Readonly<Record<DatabaseUser | 'owner', string>>
  /** The migrated databases to clone, by the folder below which tests clone it; `''` is for all others. */
  readonly templates: Readonly<Record<string, string>>
  /** The projects whose tables these have, by the same folders. */
  readonly projects: Readonly<Record<string, string>>
}

const VARIABLE = 'EBB_TEST_SERVER'

/** Lets the processes that this one starts from now on find the server. */
export function announceTestServer(server: TestServer): void {
  process.env[VARIABLE] = JSON.stringify(server)
}

/** The server of this run. Throws a ConfigError where none was started. */
export function readTestServer(): TestServer {
  const { [VARIABLE]: text } = inheritedEnv([VARIABLE])
  if (text === undefined)
    throw new ConfigError("there is no database for tests: jest starts one where its preset is 'ebb' (npm test)")
  return JSON.parse(text)
}

/** The database that a test file's own is cloned from: that of the innermost folder that the file is in. */
export function findTemplate({ templates }: Pick<TestServer, 'templates'>, testFile: string): string {
  const template = templates[innermostOf(templates, testFile)]
  if (template === undefined) throw new ConfigError(`no database was made for the tests in ${testFile}`)
  return template
}

/** The project that the tests in a file are about. */
export const findProject = ({ projects }: Pick<TestServer, 'projects'>, testFile: string): string =>
  projects[innermostOf(projects, testFile)] ?? ''

/** The innermost folder that a file is in. */
function innermostOf(folders: Readonly<Record<string, unknown>>, file: string): string {
  const around = Object.keys(folders).filter((folder) => file.startsWith(folder && `${folder}/`))
  const [innermost = ''] = around.sort((one, other) => other.length - one.length)
  return innermost
}
