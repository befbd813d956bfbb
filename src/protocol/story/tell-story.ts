import { describeError, ownFrames } from './describe-error.ts'
import type { Evidence, LogLine } from './evidence.ts'
import { findCauses } from './find-causes.ts'
import { findSlowest } from './find-slowest.ts'
import { foldStacks } from './fold-stacks.ts'
import { beginOf, durationOf } from './line-time.ts'
import type { Story, TimedStep } from './story.ts'
import { tellAttempts } from './tell-attempts.ts'
import { kindOfLine, tellLine } from './tell-line.ts'
import { tellSpans } from './tell-spans.ts'

const MAX_STEPS = 500

/** Tells a request in order, from all that was found of it; undefined where that is nothing. */
export function tellStory(id: string, evidence: Evidence): Story | undefined {
  const { lines, spans, events, calls } = evidence
  const told = [...foldStacks(lines).map(toStep), ...tellSpans(evidence), ...tellAttempts(evidence)]
  if (told.length === 0) return undefined
  const inOrder = told.toSorted((a, b) => a.startMs - b.startMs).slice(0, MAX_STEPS)
  const first = inOrder[0]?.startMs ?? 0
  const steps = inOrder.map(({ startMs, ...step }) => ({ ...step, atMs: roundMs(startMs - first) }))
  const textsOf = (name: string) =>
    lines.flatMap(({ fields }) => (typeof fields[name] === 'string' ? fields[name] : []))
  const records = [...events, ...calls]
  return {
    id,
    correlationIds: [...new Set([...textsOf('correlationId'), ...records.map((record) => record.correlationId)])],
    traceIds: [
      ...new Set([...textsOf('traceId'), ...spans.map((span) => span.traceId), ...records.map((one) => one.traceId)]),
    ],
    startedAt: new Date(first).toISOString(),
    ...{ causes: findCauses(steps, evidence), slowest: findSlowest(steps), steps },
    unseen: evidence.unseen,
  }
}

function toStep(line: LogLine): TimedStep {
  const { part, level, fields } = line
  const { err, status, msg } = fields
  const error = err === undefined ? undefined : ownFrames(describeError(err))
  const isAnswer = msg === 'request' || msg === 'delivery'
  return {
    ...{ startMs: beginOf(line), durationMs: durationOf(line) },
    ...{ part, kind: kindOfLine(line), says: tellLine(line) },
    failed: isAnswer ? !(Number(status) < 400) : err !== undefined || level === 'error' || level === 'fatal',
    ...(error === undefined ? {} : { error }),
  }
}

const roundMs = (ms: number) => Math.round(ms * 10) / 10
