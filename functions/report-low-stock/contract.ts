import { schedule } from 'ebb/contract'

export default schedule({
  name: 'report-low-stock',
  summary: 'Mail to the merchants, each morning of a working day, which products are about to sell out.',
  cron: '0 7 * * mon-fri',
  timeZone: 'Europe/Berlin',
  timeoutMs: 10_000,
  scale: { max: 2 },
  targets: { openfaas: false },
})
