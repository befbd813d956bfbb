import type { Profiler } from 'node:inspector'
import { Session } from 'node:inspector/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { ProfileRequest, RecordedProfile } from '../../protocol/profiles/profile.ts'
import { mapCpuProfile, mapHeapProfile } from './map-profile.ts'

/** Ten times as rare as DevTools has it: a few per cent of a busy process, and nothing of an idle one. */
const CPU_INTERVAL_US = 1_000
/** An allocation in 128 KiB is looked at. */
const HEAP_INTERVAL_BYTES = 131_072

let running = false

/**
 * Profiles this process for some seconds, in it and beside its requests, with the places of the sources. Undefined while another
 * profile is being recorded. What was recorded until the signal aborts is what there is.
 */
export async function recordProfile(
  { kind, seconds }: ProfileRequest,
  signal: AbortSignal,
): Promise<RecordedProfile | undefined> {
  if (running) return undefined
  running = true
  const session = new Session()
  session.connect()
  try {
    const wait = () => delay(seconds * 1_000, undefined, { signal }).catch(() => {})
    if (kind === 'cpu') return { kind, profile: mapCpuProfile(await recordCpu(session, wait)) }
    return { kind, profile: mapHeapProfile(await recordHeap(session, wait)) }
  } finally {
    session.disconnect()
    running = false
  }
}

async function recordCpu(session: Session, wait: () => Promise<void>): Promise<Profiler.Profile> {
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US })
  await session.post('Profiler.start')
  await wait()
  return (await session.post('Profiler.stop')).profile
}

async function recordHeap(session: Session, wait: () => Promise<void>) {
  await session.post('HeapProfiler.startSampling', { samplingInterval: HEAP_INTERVAL_BYTES })
  await wait()
  return (await session.post('HeapProfiler.stopSampling')).profile
}
