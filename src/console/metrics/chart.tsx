import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'

interface ChartProps {
  readonly label: string
  /** Seconds since 1970. */
  readonly times: readonly number[]
  readonly lines: readonly {
    readonly name: string
    readonly tone: 'accent' | 'bad' | 'warn'
    readonly values: readonly (number | null)[]
  }[]
  readonly format: (value: number) => string
}

const HEIGHT = 180

/** Lines over time. Its place is there before it is drawn; colours are those of the page, light or dark. */
export function Chart({ label, times, lines, format }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const data = [times, ...lines.map(({ values }) => values)] as uPlot.AlignedData
  const shape = lines.map(({ name, tone }) => `${name} ${tone}`).join()

  // Drawn anew for other lines; new data go into the same plot.
  useEffect(() => {
    const element = place.current
    if (!element) return
    const draw = () => {
      plot.current?.destroy()
      const style = getComputedStyle(element)
      const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
      const axis = {
        stroke: style.color,
        grid: { stroke: colour('line'), width: 1 },
        ticks: { show: false },
        font: '12px system-ui',
      }
      plot.current = new uPlot(
        {
          ...{ width: element.clientWidth, height: HEIGHT, cursor: { drag: { x: false, y: false } } },
          scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
          axes: [axis, { ...axis, size: 64, values: (_plot, values) => values.map(format) }],
          series: [
            {},
            ...lines.map(({ name, tone }) => ({
              label: name,
              stroke: colour(tone),
              width: 2,
              points: { show: false },
              value: (_plot: uPlot, value: number | null) => (value === null ? '–' : format(value)),
            })),
          ],
        },
        data,
        element,
      )
    }
    draw()
    const resize = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }))
    resize.observe(element)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', draw)
    return () => {
      resize.disconnect()
      scheme.removeEventListener('change', draw)
      plot.current?.destroy()
    }
  }, [shape])
  useEffect(() => plot.current?.setData(data))
  return <div class="chart" ref={place} role="img" aria-label={label} />
}
