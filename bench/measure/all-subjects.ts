import { ourSubjects } from './our-subjects.ts'
import { peerSubjects } from './peer-subjects.ts'
import type { Subject } from './subject.ts'

/** The peers and ours, the traced ones exporting to this URL over OTLP. */
export async function allSubjects(otlpUrl: string): Promise<readonly Subject[]> {
  const exporter = { OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }
  const subjects = [...(await peerSubjects()), ...(await ourSubjects())]
  return subjects.map((subject) => ({ ...subject, env: { ...exporter, ...subject.env } }))
}
