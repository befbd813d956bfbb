import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContractsData, EmitsData, EndpointData, ReplyData, SubscriberData } from '../../deploy/contracts-data.ts'
import { loadContractsData } from '../../deploy/load-contracts.ts'
import { PLATFORM } from '../../deploy/platform-files.ts'
import { type Journal, workFolder } from '../checkpoint.ts'
import { readHead } from '../git.ts'
import type { PlannedUpgrade } from './plan-upgrade.ts'

/** The folder of the platform's migrations. */
export const PLATFORM_MIGRATIONS = join(PLATFORM, 'src/data/migrations')

/** Records how a project is before its upgrade, for the new version to compare with. */
export async function recordBefore(project: string, { from, to, added }: PlannedUpgrade): Promise<Journal> {
  await mkdir(workFolder(project), { recursive: true })
  // Contracts that do not load are no reason not to upgrade: there is just nothing to compare with.
  const contracts = await loadContractsData(project).catch(() => undefined)
  if (contracts) await writeFile(contractsFile(project), JSON.stringify(contracts))
  const migrations = await readdir(PLATFORM_MIGRATIONS)
  return { doing: 'upgrade', head: await readHead(project), step: 'changing', from, to, added, migrations }
}

/** The contracts as the version before described them; undefined if that is not known. */
export async function readContractsBefore(project: string): Promise<ContractsData | undefined> {
  const text = await readFile(contractsFile(project), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : asDescribedNow(JSON.parse(text))
}

/** Version 0.2 knew one reply of an endpoint, whose parts it described as the endpoint's, no proxied services and no versions of events. */
function asDescribedNow({ endpoints, subscribers, proxies = [], ...rest }: ContractsDataBefore): ContractsData {
  const withReplies = endpoints.map(({ status = 200, location, data, emits, ...endpoint }) => {
    const reply = { status, ...(location ? { location } : {}), ...(data ? { data } : {}), cookies: [] }
    return { ...endpoint, emits: withVersions(emits), replies: endpoint.replies ?? [reply] }
  })
  const withReads = subscribers.map(({ takes = {}, emits, ...subscriber }) => ({
    ...subscriber,
    emits: withVersions(emits),
    reads: subscriber.reads ?? [{ version: FIRST, schema: takes }],
  }))
  return { ...rest, proxies, endpoints: withReplies, subscribers: withReads }
}

const FIRST = 1

const withVersions = (emits: EmitsBefore): EmitsData =>
  Object.fromEntries(
    Object.entries(emits).map(([type, one]) => [type, isVersion(one) ? one : { version: FIRST, schema: one }]),
  )

/** The schema of an event has no number of this name. */
const isVersion = (one: EmitsBefore[string]): one is EmitsData[string] =>
  'version' in one && typeof one.version === 'number'

type EmitsBefore = EmitsData | Readonly<Record<string, SubscriberBefore['takes'] & object>>

interface SubscriberBefore extends Omit<SubscriberData, 'reads' | 'emits'>, Partial<Pick<SubscriberData, 'reads'>> {
  readonly takes?: SubscriberData['reads'][number]['schema']
  readonly emits: EmitsBefore
}

interface ContractsDataBefore extends Omit<ContractsData, 'endpoints' | 'subscribers' | 'proxies'> {
  readonly proxies?: ContractsData['proxies']
  readonly endpoints: readonly (Omit<EndpointData, 'replies' | 'emits'> &
    Partial<Pick<EndpointData, 'replies'> & ReplyData> & { readonly emits: EmitsBefore })[]
  readonly subscribers: readonly SubscriberBefore[]
}

const contractsFile = (project: string) => join(workFolder(project), 'contracts.json')
