import { randomUUID } from 'node:crypto'
import {
  type AnyContract,
  type EndpointContract,
  failureStatuses,
  type ProxyContract,
  replyOf,
  usualReply,
} from '../../contract/index.ts'
import { type ConformanceResponse, createClient, type Send } from '../client.ts'
import { patientSend } from '../patient-send.ts'
import { type CallersOptions, createCallers, createKeyring } from './callers.ts'
import { type Cell, cellsOf, nameOf } from './cells.ts'
import { findProxy, type ProxyCell, proxyCellsOf } from './proxies.ts'
import { type Decide, findContract, type Grants, type RightAnswer, rightAnswer, UnknownAnswer } from './right-answer.ts'
import { makeThing, requestTo } from './things.ts'

export interface MatrixTarget extends Pick<CallersOptions, 'roles' | 'tokenOf'> {
  /** The address of the gateway. */
  readonly url: string
  readonly admin: { readonly url: string; readonly key: string }
  /** The contracts of what runs there, by folder. */
  readonly contracts: Readonly<Record<string, AnyContract>>
  /** What its policy decides; default: nobody here knows, and such cells are not asked. */
  readonly decide?: Decide | undefined
}

/** One cell whose answer is wrong, or that could not be asked. */
export interface MatrixFinding {
  readonly cell: string
  readonly why: string
}

export interface MatrixReport {
  /** The names of all cells that were asked. */
  readonly cells: readonly string[]
  /** Those whose answer is not the right one. */
  readonly wrong: readonly MatrixFinding[]
  /** Those that the contracts do not say enough for: nothing can be made to ask for, or no request made up. */
  readonly unasked: readonly MatrixFinding[]
}

const AT_ONCE = 4

/**
 * Asks an Ebb every cell of the matrix of its contracts, and compares the answers with the right ones. What the requests of
 * callers who may call ask for takes effect there. Keys that are made are revoked.
 */
export async function runMatrix({
  url,
  admin,
  contracts: all,
  roles,
  tokenOf,
  decide,
}: MatrixTarget): Promise<MatrixReport> {
  const contracts = Object.values(all)
    .filter((contract) => contract.kind === 'endpoint')
    .filter(({ upgrade, access }) => !upgrade && !access.internal)
  const proxies = Object.values(all).filter((contract) => contract.kind === 'proxy')
  const scopes = [...new Set([...contracts, ...proxies].flatMap(({ access }) => access.scopes ?? []))].sort()
  const tenants = [...contracts, ...proxies].some(({ tenancy }) => tenancy) ? [`matrix.${randomUUID()}`] : []
  const [client, operator] = [createClient(url), createClient(admin.url, { keepAlive: false })]
  // A limit, or a machine that is busy, is no answer to who may call.
  const send = patientSend(client.send, [429, 503, 504])
  const asOperator = patientSend(operator.send, [503, 504])
  const keyring = createKeyring((sent) =>
    asOperator({ ...sent, headers: { ...sent.headers, authorization: `Bearer ${admin.key}` } }),
  )
  try {
    const callers = await createCallers(keyring, { roles, scopes, adminKey: admin.key, tokenOf, tenants })
    const things = createThings({ contracts, send, scopes, create: keyring.create })
    const report = { cells: [] as string[], wrong: [] as MatrixFinding[], unasked: [] as MatrixFinding[] }
    const waiting = [...cellsOf(contracts, callers)]
    const lane = async () => {
      for (let cell = waiting.shift(); cell; cell = waiting.shift())
        await ask(cell, { contracts, proxies, send, things, decide, report })
    }
    for (const cell of proxyCellsOf(proxies, callers)) await askProxied(cell, { contracts, send, report })
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
    return report
  } finally {
    await keyring.revokeAll()
    client.close()
    operator.close()
  }
}

interface Asking {
  readonly contracts: readonly EndpointContract[]
  readonly proxies: readonly ProxyContract[]
  readonly send: Send
  readonly things: Things
  readonly decide: Decide | undefined
  readonly report: { readonly cells: string[]; readonly wrong: MatrixFinding[]; readonly unasked: MatrixFinding[] }
}

/** Only what is to be refused is asked: what else is passed on, and may well change what is behind a proxy. */
async function askProxied(
  { proxy, caller, method, path, right }: ProxyCell,
  { contracts, send, report }: Pick<Asking, 'contracts' | 'send' | 'report'>,
): Promise<void> {
  const cell = `${method} ${proxy.path} · ${caller.name}`
  if (right === 'passed on')
    return void report.unasked.push({ cell, why: 'what the service behind a proxy answers is not in its contract' })
  if (findContract(contracts, { method, path: proxy.path })) return
  const { status, text } = await send({ method, path, headers: caller.headers })
  report.cells.push(cell)
  if (status !== right)
    report.wrong.push({ cell, why: `${right} is right, and it answers ${status}: ${text.slice(0, 160)}` })
}

async function ask(cell: Cell, { contracts, proxies, send, things, decide, report }: Asking): Promise<void> {
  const { caller, method, path, ownership } = cell
  const name = nameOf(cell)
  const contract = findContract(contracts, cell)
  const leaveOut = (why: string) => void report.unasked.push({ cell: name, why })
  const proxy = contract ? undefined : findProxy(proxies, cell)
  if (proxy) return leaveOut(`${proxy.name} passes it on`)
  try {
    const right = rightAnswer(contracts, { method, path, presented: caller.presented, ownership }, decide)
    const thing = contract && ownership ? await things(cell) : undefined
    if (contract && ownership && !thing) return leaveOut(`nothing makes what is at ${path}`)
    const request = contract ? requestTo(contract, thing) : { path: path.replaceAll(/\{[^}]+\}/g, () => randomUUID()) }
    if (!request) return leaveOut('no request can be made up; give its contract an example')
    const answer = await send({ ...request, method, headers: { ...request.headers, ...caller.headers } })
    report.cells.push(name)
    const why = findFault(answer, right, { contract, method, isThere: thing !== undefined })
    if (why) report.wrong.push({ cell: name, why })
  } catch (error) {
    if (error instanceof UnknownAnswer) return leaveOut(error.message)
    report.wrong.push({ cell: name, why: error instanceof Error ? error.message : String(error) })
  }
}

interface About {
  readonly contract: EndpointContract | undefined
  readonly method: string
  /** Whether what it asks for exists. */
  readonly isThere: boolean
}

/** What is wrong with an answer, in words. */
function findFault(answer: ConformanceResponse, right: RightAnswer, { contract, method, isThere }: About) {
  const { status, text } = answer
  const said = `it answers ${status}: ${text.slice(0, 160)}`
  if (right === 'hidden') return status >= 400 && status < 500 ? undefined : `it is another tenant's, and ${said}`
  if (right !== 'allowed') return status === right ? undefined : `${right} is right, and ${said}`
  const failures = contract ? failureStatuses(contract) : {}
  if (contract && replyOf(contract, status)) return undefined
  // Whoever may call may be told that something is not there, or is taken.
  const isDeclared =
    method === 'HEAD'
      ? Object.values(failures).includes(status)
      : failures[answer.json<{ error: string }>().error] === status
  return isDeclared && !(isThere && method === 'GET')
    ? undefined
    : `${contract && usualReply(contract).status} is right, and ${said}`
}

type Things = (cell: Cell) => Promise<string | undefined>

/** What callers own, and what somebody else does: one for each, and a new one for what may change it. */
function createThings({
  contracts,
  send,
  scopes,
  create,
}: Pick<Asking, 'contracts' | 'send'> & {
  readonly scopes: readonly string[]
  readonly create: ReturnType<typeof createKeyring>['create']
}): Things {
  const keys = new Map<string, Promise<{ readonly token: string }>>()
  const made = new Map<string, Promise<string | undefined>>()
  const remember = <Value>(map: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>) => {
    const known = map.get(key) ?? make()
    map.set(key, known)
    return known
  }
  const [foreigner, otherTenant] = [`matrix.${randomUUID()}`, `matrix.${randomUUID()}`]
  return ({ method, path, ownership, caller: { subject = '', presented } }) => {
    const owner = ownership === 'own' ? subject : foreigner
    const { tenant: own } = presented as Partial<Grants>
    const tenant = ownership === 'of another tenant' ? otherTenant : own
    const make = async () => {
      const grants = { scopes, roles: [], ...(tenant === undefined ? {} : { tenant }) }
      const { token } = await remember(keys, `${owner} ${tenant}`, () => create(owner, grants))
      return makeThing({ contracts, send }, path, { 'x-api-key': token })
    }
    const isRead = method === 'GET' || method === 'HEAD'
    return isRead ? remember(made, `${owner} ${tenant} ${path}`, make) : make()
  }
}
