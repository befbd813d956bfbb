import { expect, it } from '@jest/globals'
import { describeChart, ofKind, only, refusal, renderChart } from './helm.ts'
import { podsOf, settingsOf } from './pods.ts'

/** Renders with `--set` for each of these, as people type them: Helm makes numbers of whole numbers, and of nothing else. */
const typed = (...words: readonly string[]) => renderChart({}, { flags: words.flatMap((word) => ['--set', word]) })

const DIGEST = `sha256:${'a1'.repeat(32)}`

describeChart('what people type', () => {
  const imagesOf = async (...rendering: Parameters<typeof renderChart>) =>
    podsOf(await renderChart(...rendering)).flatMap(({ spec }) => spec.containers.map(({ image }) => image))

  it.each(['1', '0', '20261129', '1.10', '1e3', '007', 'v1', 'a1b2c3d'])('may be the tag %s', async (tag) => {
    const pods = podsOf(await typed('image.registry=registry.example.com', `image.tag=${tag}`))
    const gateway = pods.find(({ of }) => of === 'Deployment ebb-gateway')
    expect(gateway?.spec.containers[0]?.image).toBe(`registry.example.com/ebb/gateway:${tag}`)
  })

  it.each<[unknown, string]>([
    [1, '1'],
    [20_261_129_045_110, '20261129045110'],
    ['1.10', '1.10'],
  ])('in a file may be the tag %j', async (tag, expected) => {
    expect(await imagesOf({ image: { tag } })).toContain(`ebb/gateway:${expected}`)
  })

  it('cannot be a tag that YAML has changed already', async () => {
    expect(await refusal({ image: { tag: 1.1 } })).toContain('image/tag')
    expect(await refusal({ image: { tag: 1e30 } })).toContain('image/tag')
  })

  it('may be a digest for each image, which wins over the tag', async () => {
    const digest = { gateway: DIGEST, 'place-order': DIGEST }
    const images = await imagesOf({ image: { registry: 'r.example/', repository: '/ebb/', tag: 'a', digest } })
    expect(images).toEqual(expect.arrayContaining([`r.example/ebb/gateway@${DIGEST}`, 'r.example/ebb/relay:a']))
    expect(images).toContain(`r.example/ebb/place-order@${DIGEST}`)
    expect(await refusal({ image: { digest: { gatway: DIGEST } } })).toContain(
      'image.digest.gatway: there is no such image; there are confirm-order, ',
    )
    expect(await refusal({ image: { digest: { gateway: 'sha256:1' } } })).toContain('image/digest/gateway')
  })

  it('may be settings, labels and annotations that YAML takes for numbers and truth', async () => {
    const manifests = await typed(
      ...['telemetry.otlpEndpoint=http://c:4318', 'telemetry.sampleRatio=0.1'],
      ...['gateway.env.EBB_RATE_LIMIT_TIMEOUT_MS=100', 'relay.env.OTEL_SDK_DISABLED=true'],
      ...['gateway.service.annotations.a=1', 'gateway.podAnnotations.b=true', 'nodeSelector.c=2'],
      ...[
        'redis.bundled.maxMemory=67108864',
        'relay.resources.limits.cpu=1',
        'postgres.bundled.storage.size=8589934592',
      ],
    )
    const podOf = (name: string) => podsOf(manifests).find(({ of }) => of === `Deployment ebb-${name}`)
    const [gateway, relay, redis] = ['gateway', 'relay', 'redis'].map(podOf)
    expect(settingsOf(gateway!.spec.containers[0]!).plain).toMatchObject({
      ...{ OTEL_TRACES_SAMPLER_ARG: '0.1', EBB_RATE_LIMIT_TIMEOUT_MS: '100' },
    })
    expect(settingsOf(relay!.spec.containers[0]!).plain).toMatchObject({ OTEL_SDK_DISABLED: 'true' })
    expect(relay?.spec.containers[0]?.resources?.limits).toMatchObject({ cpu: '1' })
    expect(only(manifests, 'Service', 'ebb-gateway').metadata.annotations).toEqual({ a: '1' })
    expect(gateway).toMatchObject({ annotations: { b: 'true' }, spec: { nodeSelector: { c: '2' } } })
    expect(redis?.spec.containers[0]).toMatchObject({ args: expect.arrayContaining(['67108864']) })
    expect(JSON.stringify(ofKind(manifests, 'StatefulSet'))).toContain('"storage":"8589934592"')
  })

  it.each(['0', '1', '0.25', '1.0'])('may be the ratio %s', async (ratio) => {
    await typed('telemetry.otlpEndpoint=http://c:4318', `telemetry.sampleRatio=${ratio}`)
  })

  it.each(['2', '-1', '1.5', 'half'])('cannot be the ratio %s', async (ratio) => {
    await expect(typed(`telemetry.sampleRatio=${ratio}`)).rejects.toThrow('telemetry/sampleRatio')
  })
})
