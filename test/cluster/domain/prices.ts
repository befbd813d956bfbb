import { definePrices } from 'ebb/contract'

export const prices = definePrices({
  ...{ currency: 'EUR', perVcpuSecond: 0.000024, perGibSecond: 0.0000025 },
  ...{ perMillionRequests: 0.4, perGbSent: 0.1, databasePerHour: 0.05 },
})
