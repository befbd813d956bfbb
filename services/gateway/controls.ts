import type { ServiceLog } from 'ebb/kernel'
import * as z from 'zod'
import { type Breakers, LogLevel } from '../../src/protocol/admin/gateway.ts'

/** Its notifications tell every gateway what an operator has changed on one of them. */
export const CONTROLS_CHANNEL = 'ebb_controls'

const Control = z.union([
  z.object({ logLevel: LogLevel, forSeconds: z.int().optional() }),
  z.object({ resetBreaker: z.string() }),
])
/** What an operator may change of all gateways while they run. */
export type Control = z.output<typeof Control>

export type Controls = ReturnType<typeof createControls>

interface ControlsOptions {
  readonly log: ServiceLog
  /** What LOG_LEVEL says. */
  readonly setting: () => Level
  /** Default: there are none. */
  readonly breakers?: Breakers
}

type Level = z.output<typeof LogLevel>

const NO_BREAKERS: Breakers = { list: () => [], reset: () => false }

/** Applies what operators change while a gateway runs, whichever gateway they have asked. */
export function createControls({ log, setting, breakers = NO_BREAKERS }: ControlsOptions) {
  const logLevel = createLogLevel(log, setting)
  const apply = (control: Control) => {
    if ('logLevel' in control) logLevel.set(control.logLevel, control)
    else breakers.reset(control.resetBreaker)
  }
  return {
    apply,
    /** Applies what another gateway says, or this one. */
    receive: (payload: string) => {
      const control = Control.safeParse(parseJson(payload))
      if (control.success) apply(control.data)
      else log.warn({}, 'another gateway says what this one does not understand; their versions may differ')
    },
    breakers: breakers.list,
    logLevel: logLevel.state,
    close: logLevel.close,
  }
}

/** The level of the log, which falls back to what the setting says. */
function createLogLevel(log: ServiceLog, setting: () => Level) {
  let until: number | undefined
  let timer: NodeJS.Timeout | undefined
  const set = (level: Level, { forSeconds }: { readonly forSeconds?: number | undefined }) => {
    clearTimeout(timer)
    log.level = level
    until = forSeconds === undefined ? undefined : Date.now() + forSeconds * 1_000
    if (forSeconds !== undefined) timer = setTimeout(() => set(setting(), {}), forSeconds * 1_000).unref()
    log.info({ level }, 'the log has another level')
  }
  return {
    set,
    state: () => ({
      level: LogLevel.parse(log.level),
      setting: setting(),
      until: until === undefined ? null : new Date(until).toISOString(),
    }),
    close: () => clearTimeout(timer),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
