import { existsSync, type FSWatcher, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import { PLATFORM } from '../deploy/platform-files.ts'

/** The folders that are watched recursively: the team's sources, and those of the platform where they lie beside them. */
export const watchedFolders = (project: string): readonly string[] =>
  project === PLATFORM ? ['functions', 'domain', 'src'] : ['functions', 'domain']
const PACKAGES = /[\\/]node_modules[\\/]/

/** Watches the files outside the watched folders that bundles were built from. */
export interface DependencyWatcher {
  /** Watches those of these files that are in no watched folder. */
  add(files: Iterable<string>): void
  /** Sets the listener for changed files. */
  onChange(listener: (file: string) => void): void
  close(): void
}

/**
 * Watches the sources of bundles outside the watched folders: other folders of the project, and linked packages. Installed
 * packages are expected not to change while Ebb runs.
 */
export function watchDependencies(project: string): DependencyWatcher {
  const folders = watchedFolders(project)
  const isWatched = (file: string) => folders.some((folder) => file.startsWith(join(project, folder, '/')))
  const files = new Set<string>()
  const watchers = new Map<string, FSWatcher>()
  let notify = (_file: string) => {}

  // Folders, not files, are watched: an editor may replace the file that it saves.
  function watchFolder(folder: string) {
    try {
      const watcher = watch(folder, (_event, name) => {
        if (!existsSync(folder)) return forget(folder)
        if (name !== null && files.has(join(folder, name))) notify(join(folder, name))
      })
      watcher.on('error', () => forget(folder))
      watchers.set(folder, watcher)
    } catch {
      // The folder is gone, or the file is a virtual one of the build.
    }
  }

  /** Closes a watcher whose folder is gone; the next bundle adds it again if it comes back. */
  function forget(folder: string) {
    watchers.get(folder)?.close()
    watchers.delete(folder)
    for (const file of files) if (dirname(file) === folder) notify(file)
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
      notify = listener
    },
    close: () => {
      for (const watcher of watchers.values()) watcher.close()
    },
  }
}
