import type { AdminOutput } from '../../protocol/admin/admin-endpoint.ts'
import type { listSettings } from '../../protocol/admin/settings.ts'

type Settings = AdminOutput<typeof listSettings>['settings']

/** Where something is, who it is, and how much it says: that differs from place to place. */
const OF_A_PLACE =
  /URL|URI|PORT|HOST|HOME|FOLDER|TEMPLATE|UPSTREAMS|NAMESPACE|REVISION|CONTRACTS|PARENT|REPLICAS|POOL|TLS|^OTEL_|^DATABASE_|^K_|^AWS_|^LOG_LEVEL$|ISSUERS|ORIGINS|TRUSTED_HOPS|SHOW_FAULTS/

/** The settings that somebody has chosen on one side and that are others on the other side, one sentence each. Secrets are not looked at. */
export function compareSettings(here: Settings, there: Settings): readonly string[] {
  const theirs = new Map(there.map((setting) => [setting.name, setting]))
  return here.flatMap((ours) => {
    const other = theirs.get(ours.name)
    // What has started the laptop's gateway is no choice of anybody.
    const isChosen =
      other !== undefined && ours.from !== 'ebb' && [ours.from, other.from].some((from) => from !== 'default')
    if (!isChosen || ours.secret || OF_A_PLACE.test(ours.name) || ours.value === other.value) return []
    return [`${ours.name} is ${ours.value ?? 'not set'} here and ${other.value ?? 'not set'} there`]
  })
}
