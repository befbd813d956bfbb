import { findGatewayPart } from '../../../contract/index.ts'
import { bytesOf, cpusOf } from '../../../contract/quantities.ts'
import { type Manifest, RenderError, unsupported, yamlFile } from '../manifest.ts'
import { either, idOf, NO_VALUE, ref, sub } from './cloudformation.ts'
import { isOpen, lambdaApi } from './lambda-api.ts'
import { lambdaEvents } from './lambda-events.ts'
import { settingsOf } from './settings-of.ts'
import { headOf, platformSecretsOf, type TargetFunction } from './target-function.ts'

const LAMBDA = 'AWS Lambda'
const MAX_SECONDS = 900
const MAX_CALL_BYTES = 6 * 2 ** 20
const MEMORY_MIB = { min: 128, max: 10_240 }
/** As much memory as has one CPU. */
const MIB_OF_A_CPU = 1_769
/** For the response, and for what says that there is none. */
const SLACK_SECONDS = 1

/**
 * The functions as a template of AWS SAM: each from its image, with a function URL for gateway and relay, and for subscribers, where a
 * parameter says so, a queue that they take events from. Throws a RenderError where two functions would have one name.
 */
export function samTemplate(functions: readonly TargetFunction[], { poolMax }: { readonly poolMax: number }): string {
  const deployed = functions.filter(({ route }) => !route?.upgrade)
  checkIds(deployed)
  const resources = deployed.map((one) => ({
    [idOf(one.name)]: samFunction(one, poolMax),
    ...lambdaEvents(one, timeoutSecondsOf(one)),
  }))
  const template = {
    AWSTemplateFormatVersion: '2010-09-09',
    Transform: 'AWS::Serverless-2016-10-31',
    Description: 'The functions of this Ebb. Gateway and relay run as containers elsewhere, and call their URLs.',
    Parameters: PARAMETERS,
    Conditions: CONDITIONS,
    Resources: Object.assign({}, ...resources, lambdaApi(deployed)),
    Outputs: { Upstreams: { Description: UPSTREAMS, Value: upstreamsOf(deployed.map(({ name }) => name)) } },
  }
  return yamlFile([template], { about: headOf(ABOUT, OF_ALL, functions.flatMap(lambdaIssues)) })
}

const timeoutSecondsOf = ({ timeoutMs }: Pick<TargetFunction, 'timeoutMs'>) =>
  Math.min(MAX_SECONDS, Math.ceil(timeoutMs / 1_000) + SLACK_SECONDS)

function samFunction(one: TargetFunction, poolMax: number): Manifest {
  const { name, scale, route, calls, subscription } = one
  const { settings } = settingsOf(one, { poolMax, upstreams: { EBB_UPSTREAMS: upstreamsOf(calls) } })
  const live = {
    AutoPublishAlias: 'live',
    ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: scale.min },
  }
  return {
    Type: 'AWS::Serverless::Function',
    Properties: {
      PackageType: 'Image',
      ImageUri: sub(`\${Registry}/ebb/${name}:\${Tag}`),
      MemorySize: memoryOf(one),
      Timeout: timeoutSecondsOf(one),
      ReservedConcurrentExecutions: either('ReservesConcurrency', scale.max),
      ...(scale.min > 0 ? live : {}),
      FunctionUrlConfig: { AuthType: 'NONE', InvokeMode: route?.replyStream ? 'RESPONSE_STREAM' : 'BUFFERED' },
      VpcConfig: either('HasVpc', { SubnetIds: ref('SubnetIds'), SecurityGroupIds: ref('SecurityGroupIds') }),
      Policies: ['AWSLambdaVPCAccessExecutionRole', ...(subscription ? ['AWSLambdaSQSQueueExecutionRole'] : [])],
      Environment: {
        Variables: {
          ...settings,
          ...(subscription ? { EBB_LAMBDA_EVENTS: either('HasQueues', 'true', 'false') } : {}),
          ...Object.fromEntries(platformSecretsOf(one).map((secret) => [secret, secretOf('PlatformSecret', secret)])),
          ...Object.fromEntries(one.secrets.map((secret) => [secret, secretOf('FunctionsSecret', secret)])),
          ...(isOpen(one)
            ? {
                EBB_ISSUERS: either('HasIssuers', ref('Issuers')),
                EBB_IDENTITY_JWKS: either('HasIssuers', NO_VALUE, secretOf('PlatformSecret', 'EBB_IDENTITY_JWKS')),
              }
            : {}),
        },
      },
    },
  }
}

/** What the contract limits, and never less than what goes with the CPU that it asks for. */
function memoryOf({ resources: { requests, limits } }: Pick<TargetFunction, 'resources'>): number {
  const asked = Math.max(bytesOf(limits.memory) / 2 ** 20, cpusOf(requests.cpu) * MIB_OF_A_CPU)
  return Math.min(MEMORY_MIB.max, Math.max(MEMORY_MIB.min, Math.ceil(asked)))
}

/** Lists what a function asks for that AWS Lambda cannot do, one sentence each. */
function lambdaIssues({
  name,
  route,
  timeoutMs,
  scale,
  resources,
  egress,
  subscription,
}: TargetFunction): readonly string[] {
  const say = (field: string, why: string) => unsupported(name, field, LAMBDA, why)
  if (route?.upgrade) return [say('upgrade', 'takes no WebSockets; the function is left out here')]
  const issues: string[] = []
  const part = route && findGatewayPart(route)
  if (part) issues.push(say(part, 'has nothing that keeps this without a gateway, where it has no route'))
  if (timeoutMs > MAX_SECONDS * 1_000)
    issues.push(
      say(
        'timeoutMs',
        `ends what takes longer than ${MAX_SECONDS} s, and this may take ${Math.ceil(timeoutMs / 1_000)} s`,
      ),
    )
  if (route && route.maxBodyBytes > MAX_CALL_BYTES)
    issues.push(
      say(
        'maxBodyBytes',
        `takes no request above ${MAX_CALL_BYTES} bytes, and of bytes that are no text three quarters of that`,
      ),
    )
  if (route?.bodyStream) issues.push(say('body', 'hands over a body when all of it is there'))
  if (scale.target !== undefined)
    issues.push(say('scale.target', 'starts an instance for each request that finds none idle'))
  if (bytesOf(resources.limits.memory) / 2 ** 20 > MEMORY_MIB.max)
    issues.push(say('resources.limits.memory', `gives ${MEMORY_MIB.max} MiB at most`))
  if (egress.length > 0)
    issues.push(say('egress', 'knows addresses and no names: close other hosts off by the security groups'))
  if (subscription?.rate) issues.push(say('rate', 'takes from a queue as fast as it can; the relay keeps the rate'))
  return issues
}

function checkIds(functions: readonly TargetFunction[]) {
  const byId = Map.groupBy(functions, ({ name }) => idOf(name))
  const issues = [...byId].filter(([, same]) => same.length > 1)
  if (issues.length === 0) return
  throw new RenderError(
    issues.map(([id, [first, other]]) =>
      unsupported(
        other?.name ?? id,
        'name',
        LAMBDA,
        `would call it ${id}, as it calls ${first?.name}; rename one of them`,
      ),
    ),
  )
}

/** CloudFormation fills it in when it deploys. */
const secretOf = (secret: string, key: string) => sub(`{{resolve:secretsmanager:\${${secret}}:SecretString:${key}}}`)

/** Where these functions are, as EBB_UPSTREAMS has it: SAM calls the URL of a function by its name. */
const upstreamsOf = (names: readonly string[]) =>
  sub(`{${names.map((name) => `"${name}":"\${${idOf(name)}Url.FunctionUrl}"`).join()}}`)

const text = (Description: string, more: Manifest = {}) => ({ Type: 'String', Description, ...more })
const ids = (Description: string) => ({ Type: 'CommaDelimitedList', Default: '', Description })
const yesOrNo = { AllowedValues: ['true', 'false'] }

const PARAMETERS = {
  Registry: text('The registry of the images, such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com.'),
  Tag: text('The tag of the images.'),
  PlatformSecret: text('The secret of Secrets Manager with the addresses of the stores and EBB_IDENTITY_JWKS.', {
    Default: 'ebb',
  }),
  FunctionsSecret: text('The secret of Secrets Manager with what contracts name in `secrets`.', {
    Default: 'ebb-functions',
  }),
  SubnetIds: ids('Subnets from which the stores are reached. Default: no VPC.'),
  SecurityGroupIds: ids('Security groups of the functions in these subnets.'),
  ReserveConcurrency: text('Whether scale.max limits the instances; the account must have room for the sum of all.', {
    Default: 'true',
    ...yesOrNo,
  }),
  Queues: text(
    'Whether each subscriber has a queue of SQS, for events of others: whoever may send to it is believed.',
    { Default: 'false', ...yesOrNo },
  ),
  Issuers: text(
    'Without a gateway: EBB_ISSUERS, whose tokens the endpoints check themselves, behind an HTTP API. Default: a gateway is in front.',
    { Default: '' },
  ),
  EventBus: text('A bus of EventBridge whose events go to these queues by their detail-type. Default: none.', {
    Default: '',
  }),
}

const isSet = (name: string) => ({ 'Fn::Not': [{ 'Fn::Equals': [ref(name), ''] }] })
const CONDITIONS = {
  HasVpc: { 'Fn::Not': [{ 'Fn::Equals': [{ 'Fn::Join': ['', ref('SubnetIds')] }, ''] }] },
  ReservesConcurrency: { 'Fn::Equals': [ref('ReserveConcurrency'), 'true'] },
  HasBus: isSet('EventBus'),
  HasIssuers: isSet('Issuers'),
  HasQueues: { 'Fn::Or': [{ 'Fn::Equals': [ref('Queues'), 'true'] }, { Condition: 'HasBus' }] },
}

const ABOUT = `For AWS SAM: sam deploy --template-file targets/sam/template.yaml --parameter-overrides Registry=... Tag=...
The output Upstreams is EBB_UPSTREAMS of gateway and relay.`
const UPSTREAMS = 'EBB_UPSTREAMS of gateway and relay.'

const OF_ALL = [
  'An instance takes one request at a time: scale.concurrency says nothing, and scale.max limits the requests at a time.',
  `CPU goes with memory, ${MIB_OF_A_CPU} MiB for each: where resources.requests.cpu needs more memory than the limit, that is raised.`,
  'Nobody tells a function that its caller hung up: its work goes on until its deadline.',
  'Secrets are copied into a function when it is deployed: one that was rotated needs another deployment.',
  'Without a gateway (Issuers) there are no API keys, limits, plans, cached replies, CORS headers, asynchronous calls and documents, and an HTTP API ends a request after 30 s.',
  'A function URL is public; the function refuses whoever brings no Ebb-Identity.',
]
