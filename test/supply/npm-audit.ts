import { execFile } from 'node:child_process'
import { inheritedEnv } from 'ebb/kernel'

const LIMIT_MS = 60_000
const GRAVE = ['moderate', 'high', 'critical']

interface Vulnerability {
  readonly name: string
  readonly severity: string
}

interface Report {
  readonly vulnerabilities?: Readonly<Record<string, Vulnerability>>
  /** In the place of the others, where no registry could be asked. */
  readonly message?: string
}

/**
 * What the registry knows against the packages of the lockfile; or why it could not be asked, which is not the same as
 * knowing of nothing.
 */
export async function npmAudit(
  registry?: string,
): Promise<{ readonly found?: readonly string[]; readonly why?: string }> {
  const where = registry ? ['--registry', registry] : []
  const { vulnerabilities, message } = await new Promise<Report>((resolve) => {
    const env = inheritedEnv(['PATH', 'HOME', 'NODE_EXTRA_CA_CERTS'])
    execFile('npm', ['audit', '--json', '--audit', ...where], { env, timeout: LIMIT_MS }, (_fault, stdout) => {
      // npm ends with 1 for what it has found as for what it could not ask; only what it prints tells them apart.
      try {
        resolve(JSON.parse(stdout))
      } catch {
        resolve({ message: 'npm audit printed no report' })
      }
    })
  })
  if (!vulnerabilities) return { why: `the registry tells no advisories: ${message ?? 'no reason given'}` }
  const grave = Object.values(vulnerabilities).filter(({ severity }) => GRAVE.includes(severity))
  return { found: grave.map(({ name, severity }) => `${name}: ${severity}`) }
}
