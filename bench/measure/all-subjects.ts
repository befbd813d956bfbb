import { type OurSubjects, ourSubjects } from './our-subjects.ts'
import { peerSubjects } from './peer-subjects.ts'

/** The peers and ours, the traced ones exporting to this URL over OTLP; whoever asked for them disposes of them. */
export async function allSubjects(otlpUrl: string): Promise<OurSubjects> {
  const exporter = { OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }
  const peers = await peerSubjects()
  const ours = await ourSubjects()
  const subjects = [...peers, ...ours.subjects].map((subject) => ({ ...subject, env: { ...exporter, ...subject.env } }))
  return { subjects, [Symbol.asyncDispose]: () => ours[Symbol.asyncDispose]() }
}
