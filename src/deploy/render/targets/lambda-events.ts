import type { Manifest } from '../manifest.ts'
import { arnOf, idOf, invokedOf, ref } from './cloudformation.ts'
import type { TargetFunction } from './target-function.ts'

/** As AWS advises: so long that a message does not come again while it may still be tried. */
const TIMEOUTS_UNSEEN = 6
const TWO_WEEKS_SECONDS = 1_209_600
const USUAL_BATCH = 10
const MAX_CONCURRENCY = 1_000

/** The queue of a subscriber, its dead letters, and the rule that brings it events of a bus, by their names; none for other functions. */
export function lambdaEvents(one: TargetFunction, timeoutSeconds: number): Readonly<Record<string, Manifest>> {
  const { name, subscription, scale } = one
  if (!subscription || subscription.change) return {}
  const { on, retry, batch } = subscription
  const id = idOf(name)
  const [queue, dead] = [`${id}Queue`, `${id}DeadLetters`]
  const size = batch?.size ?? USUAL_BATCH
  // SQS asks for a second of waiting where it hands over more than ten.
  const windowSeconds = Math.max(Math.ceil((batch?.withinMs ?? 0) / 1_000), size > USUAL_BATCH ? 1 : 0)
  const make = (Type: string, Condition: string, Properties: Manifest) => ({ Type, Condition, Properties })
  return {
    [dead]: make('AWS::SQS::Queue', 'HasQueues', { MessageRetentionPeriod: TWO_WEEKS_SECONDS }),
    [queue]: make('AWS::SQS::Queue', 'HasQueues', {
      VisibilityTimeout: TIMEOUTS_UNSEEN * timeoutSeconds + windowSeconds,
      RedrivePolicy: { deadLetterTargetArn: arnOf(dead), maxReceiveCount: retry.attempts },
    }),
    [`${id}Events`]: make('AWS::Lambda::EventSourceMapping', 'HasQueues', {
      EventSourceArn: arnOf(queue),
      FunctionName: ref(invokedOf(one)),
      BatchSize: size,
      ...(windowSeconds > 0 ? { MaximumBatchingWindowInSeconds: windowSeconds } : {}),
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      // It cannot be limited to one.
      ...(scale.max >= 2 ? { ScalingConfig: { MaximumConcurrency: Math.min(MAX_CONCURRENCY, scale.max) } } : {}),
    }),
    [`${id}Rule`]: make('AWS::Events::Rule', 'HasBus', {
      EventBusName: ref('EventBus'),
      EventPattern: { 'detail-type': [on, { prefix: `${on}.v` }] },
      Targets: [{ Id: 'queue', Arn: arnOf(queue) }],
    }),
    [`${id}RulePolicy`]: make('AWS::SQS::QueuePolicy', 'HasBus', {
      Queues: [ref(queue)],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            ...{ Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage' },
            ...{ Resource: arnOf(queue), Condition: { ArnEquals: { 'aws:SourceArn': arnOf(`${id}Rule`) } } },
          },
        ],
      },
    }),
  }
}
