import { chromium } from 'playwright-core'
import { findProgram } from './find-program.ts'

/** A Chromium from PATH; undefined where there is none. */
export const findChromium = () => findProgram('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')

/** Starts it without a window, and without its own requests to the internet. */
export const launchChromium = (executablePath: string) =>
  chromium.launch({
    executablePath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync'],
    ],
  })
