import type { PriceSheet } from './prices.ts'
import { bytesOf, cpusOf } from './quantities.ts'

/** What a process reserves. */
export interface ReservedSize {
  readonly cpuMilli: number
  readonly memoryMib: number
}

const MIB_IN_GIB = 1_024
const MIB = 2 ** 20

/** What a process of this size costs in a second. */
export const pricePerSecond = (
  { cpuMilli, memoryMib }: ReservedSize,
  { perVcpuSecond, perGibSecond }: PriceSheet,
): number => (cpuMilli / 1_000) * perVcpuSecond + (memoryMib / MIB_IN_GIB) * perGibSecond

/** The size of what reserves these quantities. */
export const sizeOf = ({ cpu, memory }: { readonly cpu: string; readonly memory: string }): ReservedSize => ({
  cpuMilli: Math.round(cpusOf(cpu) * 1_000),
  memoryMib: Math.round(bytesOf(memory) / MIB),
})
