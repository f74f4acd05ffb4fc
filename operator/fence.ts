// A store whose writes ask first whether this process still leads. The versions that writes carry and the admission policy for the
// bundle hold even without it; this one saves another leader from undoing what a stalled process did late.
import type { ResourceStore } from '../kube/store.ts'
import { StalledError } from './runtime/outcome.ts'

export function fenceStore(store: ResourceStore, isHeld: () => boolean): ResourceStore {
  const check = (): void => {
    if (!isHeld()) throw new StalledError('this process leads no longer')
  }
  return {
    ...store,
    get: store.get,
    list: store.list,
    watch: store.watch,
    create: async (...call) => {
      check()
      return store.create(...call)
    },
    apply: async (...call) => {
      check()
      return store.apply(...call)
    },
    replace: async (...call) => {
      check()
      return store.replace(...call)
    },
    applyStatus: async (...call) => {
      check()
      return store.applyStatus(...call)
    },
    delete: async (...call) => {
      check()
      return store.delete(...call)
    },
  }
}
