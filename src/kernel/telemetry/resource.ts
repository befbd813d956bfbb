import { SDK_INFO } from '@opentelemetry/core'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import { RandomIdGenerator } from '@opentelemetry/sdk-trace'
import type { Config } from '../config.ts'

/** Whose telemetry it is: OTEL_RESOURCE_ATTRIBUTES first, then what the process knows of itself (semantic conventions). */
export function telemetryResource(config: Config, name: string): Resource {
  const instance = new RandomIdGenerator().generateTraceId()
  return resourceFromAttributes({
    'faas.name': name,
    'faas.version': config.EBB_REVISION,
    'faas.instance': instance,
    'service.namespace': config.EBB_NAMESPACE,
    'service.version': config.EBB_REVISION,
    'service.instance.id': instance,
    'process.pid': process.pid,
    'process.runtime.version': process.versions.node,
    ...SDK_INFO,
    ...listed(config.OTEL_RESOURCE_ATTRIBUTES),
    'service.name': config.OTEL_SERVICE_NAME ?? listed(config.OTEL_RESOURCE_ATTRIBUTES)['service.name'] ?? name,
  })
}

/** `key=value` pairs with commas between, percent-encoded (Resource SDK specification). */
function listed(text = ''): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.includes('='))
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at).trim(), decode(pair.slice(at + 1).trim())]
    }),
  )
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
