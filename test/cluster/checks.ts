import { accepted, valuesAccepted } from './checks/accepted.ts'
import { admitted, helmTest } from './checks/admitted.ts'
import { burst } from './checks/burst.ts'
import { endpointCanaries } from './checks/canary.ts'
import { commands } from './checks/commands.ts'
import { conforms } from './checks/conforms.ts'
import { operatorsConsole } from './checks/console.ts'
import { copiedReads } from './checks/copied-reads.ts'
import { costsAddUp } from './checks/cost.ts'
import { delivered } from './checks/delivered.ts'
import { gatewayEvicted } from './checks/gateway-evicted.ts'
import { afterLongIdle } from './checks/idle.ts'
import { growsUnderLoad, warmByClock } from './checks/keda.ts'
import { logsIn } from './checks/logs-in.ts'
import { network } from './checks/network.ts'
import { postgresDeleted } from './checks/postgres-deleted.ts'
import { previews } from './checks/preview.ts'
import { profiled } from './checks/profile.ts'
import { redisDeleted } from './checks/redis-deleted.ts'
import { relayKilled } from './checks/relay-killed.ts'
import { rolledBack, upgraded } from './checks/rollout.ts'
import { fromZero, reachesZero } from './checks/scale-to-zero.ts'
import { subscriberCanary } from './checks/subscriber-canary.ts'
import { uninstalled } from './checks/uninstalled.ts'
import type { Check } from './context.ts'
import type { Options } from './options.ts'

/** What is looked at, in this order. */
const ALL: readonly Check[] = [
  accepted,
  valuesAccepted,
  admitted,
  reachesZero,
  fromZero,
  costsAddUp,
  delivered,
  commands,
  helmTest,
  conforms,
  copiedReads,
  endpointCanaries,
  subscriberCanary,
  logsIn,
  operatorsConsole,
  profiled,
  relayKilled,
  upgraded,
  rolledBack,
  gatewayEvicted,
  burst,
  postgresDeleted,
  redisDeleted,
  network,
  growsUnderLoad,
  warmByClock,
  afterLongIdle,
  uninstalled,
  previews,
]

/** Those that mean something on this engine, for which there is an image, and that were asked for. */
export const checks = ({ engine, only, hydra }: Options): readonly Check[] =>
  ALL.filter((check) => check.engines?.includes(engine) ?? true)
    .filter((check) => check !== logsIn || hydra !== undefined)
    .filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
