import { Problem } from 'ebb/contract'
import { listBreakers, resetBreaker, setLogLevel, showLogLevel } from '../../../src/protocol/admin/gateway.ts'
import { CONTROLS_CHANNEL, type Control, type Controls } from '../controls.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface ControlOptions {
  readonly controls: Controls
}

export const controlOperations = ({ controls }: ControlOptions): readonly AdminOperation[] => [
  operation(showLogLevel, () => controls.logLevel()),
  operation(setLogLevel, async ({ body: { level, forSeconds } }, { audit }) => {
    const control = { logLevel: level, forSeconds }
    await audit({ subject: 'gateways', detail: { level, forSeconds }, notify: notificationOf(control) })
    controls.apply(control)
    return controls.logLevel()
  }),
  operation(listBreakers, () => ({ breakers: controls.breakers() })),
  operation(resetBreaker, async ({ params: { name } }, { audit }) => {
    if (!controls.breakers().some((breaker) => breaker.name === name))
      throw new Problem('not_found', 404, 'This gateway has no breaker of this name.')
    const control = { resetBreaker: name }
    await audit({ subject: name, notify: notificationOf(control) })
    controls.apply(control)
    return undefined
  }),
]

const notificationOf = (control: Control) => ({ channel: CONTROLS_CHANNEL, payload: JSON.stringify(control) })
