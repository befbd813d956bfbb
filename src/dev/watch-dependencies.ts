import { existsSync, type FSWatcher, watch } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folders of a checkout that are watched as a whole. */
export const WATCHED = ['functions', 'domain', 'src']
const PACKAGES = /[\\/]node_modules[\\/]/

export interface DependencyWatcher {
  /** Watches those of these files that lie in no watched folder. */
  add(files: Iterable<string>): void
  /** Calls this with each of them that is saved from here on. */
  onChange(listener: (file: string) => void): void
  close(): void
}

/**
 * Watches what bundles are made of besides the watched folders of a checkout: a folder of its own, or a package that is
 * linked. Installed packages stay as they are while Ebb runs.
 */
export function watchDependencies(root: string): DependencyWatcher {
  const isWatched = (file: string) => WATCHED.some((folder) => file.startsWith(join(root, folder, '/')))
  const files = new Set<string>()
  const watchers = new Map<string, FSWatcher>()
  let tell = (_file: string) => {}

  // By their folders: an editor may put another file in the place of the one that is saved.
  function watchFolder(folder: string) {
    try {
      const watcher = watch(folder, (_event, name) => {
        if (!existsSync(folder)) return forget(folder)
        if (name !== null && files.has(join(folder, name))) tell(join(folder, name))
      })
      watcher.on('error', () => forget(folder))
      watchers.set(folder, watcher)
    } catch {
      // It is gone, or what the build has made up: of that there is no folder.
    }
  }

  /** The next bundle that is made of it finds another one there. */
  function forget(folder: string) {
    watchers.get(folder)?.close()
    watchers.delete(folder)
    for (const file of files) if (dirname(file) === folder) tell(file)
  }

  return {
    add: (more) => {
      for (const file of more) {
        if (isWatched(file) || PACKAGES.test(file)) continue
        files.add(file)
        if (!watchers.has(dirname(file))) watchFolder(dirname(file))
      }
    },
    onChange: (listener) => {
      tell = listener
    },
    close: () => {
      for (const watcher of watchers.values()) watcher.close()
    },
  }
}
