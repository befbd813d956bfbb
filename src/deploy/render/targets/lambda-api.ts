import { findGatewayPart } from '../../../contract/index.ts'
import type { Manifest } from '../manifest.ts'
import { idOf, invokedOf, ref, sub } from './cloudformation.ts'
import type { TargetFunction } from './target-function.ts'

/** Whether a function can answer callers without a gateway in front of it: by tokens of the issuers that a parameter names. */
export const isOpen = ({ route }: TargetFunction): boolean =>
  route !== undefined && !route.internal && !route.upgrade && findGatewayPart(route) === undefined

/** An HTTP API with the routes of these endpoints, for where there is no gateway: each function checks the tokens of its callers. */
export function lambdaApi(functions: readonly TargetFunction[]): Readonly<Record<string, Manifest>> {
  const open = functions.filter(isOpen)
  const paths: Record<string, Record<string, Manifest>> = {}
  for (const one of open) {
    const { path = '', method = '' } = one.route ?? {}
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(one) }
  }
  const permissions = open.map((one) => [`${idOf(one.name)}ApiPermission`, permission(one)])
  if (open.length === 0) return {}
  return {
    Api: {
      Type: 'AWS::Serverless::HttpApi',
      Condition: 'HasIssuers',
      Properties: { DefinitionBody: { openapi: '3.0.1', info: { title: ref('AWS::StackName'), version: '1' }, paths } },
    },
    ...Object.fromEntries(permissions),
  }
}

const operation = (one: TargetFunction): Manifest => ({
  'x-amazon-apigateway-integration': {
    ...{ type: 'aws_proxy', httpMethod: 'POST', payloadFormatVersion: '2.0' },
    uri: sub(
      `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:lambda:path/2015-03-31/functions/${arnIn(one)}/invocations`,
    ),
  },
  responses: {},
})

const permission = (one: TargetFunction): Manifest => ({
  Type: 'AWS::Lambda::Permission',
  Condition: 'HasIssuers',
  Properties: {
    ...{ Action: 'lambda:InvokeFunction', Principal: 'apigateway.amazonaws.com', FunctionName: ref(invokedOf(one)) },
    SourceArn: sub(`arn:\${AWS::Partition}:execute-api:\${AWS::Region}:\${AWS::AccountId}:\${Api}/*`),
  },
})

/** In a text; an alias stands for its address. */
const arnIn = (one: TargetFunction) => (one.scale.min > 0 ? `\${${invokedOf(one)}}` : `\${${idOf(one.name)}.Arn}`)
