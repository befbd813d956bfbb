import { definePrices, type PriceSheetShape } from 'ebb/contract'

/**
 * What three clouds ask for containers that scale to zero, in US dollars and without free tiers, as they published it in
 * 2025: look yours up before you rely on them. A database for an hour is that of a small one of theirs.
 */
const SHEETS = {
  /** Google Cloud Run, request-based billing, tier 1 (cloud.google.com/run/pricing). */
  cloudRun: {
    ...{ currency: 'USD', perVcpuSecond: 0.000024, perGibSecond: 0.0000025 },
    ...{ perMillionRequests: 0.4, perGbSent: 0.12, databasePerHour: 0.0413 },
  },
  /** AWS Fargate, Linux on x86, us-east-1: 0.04048 for a vCPU and 0.004445 for a GB an hour (aws.amazon.com/fargate/pricing). */
  fargate: {
    ...{ currency: 'USD', perVcpuSecond: 0.04048 / 3_600, perGibSecond: 0.004445 / 3_600 },
    ...{ perGbSent: 0.09, databasePerHour: 0.032 },
  },
  /** Azure Container Apps, consumption plan, active use (azure.microsoft.com/pricing/details/container-apps). */
  containerApps: {
    ...{ currency: 'USD', perVcpuSecond: 0.000024, perGibSecond: 0.000003 },
    ...{ perMillionRequests: 0.4, perGbSent: 0.087, databasePerHour: 0.034 },
  },
} satisfies Readonly<Record<string, PriceSheetShape>>

export const prices = definePrices(SHEETS.cloudRun)
