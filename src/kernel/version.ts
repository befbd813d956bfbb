/** The version of Ebb, which package.json states as well: an image has none. A test holds all places to one version. */
export const VERSION = '0.3.0'
