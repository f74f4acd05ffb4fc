// Plays the kubelet of a gateway that runs as a process: mounts ConfigMaps into a folder and follows their changes, with a lag,
// as kubelet does. While the API server is away the folder stays as it is.
import { CoreV1Api, makeInformer } from '@kubernetes/client-node'
import type { KubeConfig, V1ConfigMap } from '@kubernetes/client-node'
import { writeProjection } from './projection.ts'

export interface MountOptions {
  readonly namespace: string
  readonly folder: string
  /** In a folder of its own below `path`, or all in one folder; an absent ConfigMap has no files (`optional: true`). */
  readonly configMaps: readonly { readonly name: string; readonly path?: string }[]
  /** Kubelet takes between one second and a minute. */
  readonly lagMs?: number
}

export interface ConfigMapMount extends AsyncDisposable {
  readonly folder: string
  /** Follows now, without waiting for the lag. Returns whether anything had changed. */
  sync(): Promise<boolean>
}

const retryMs = 500

/** Resolves with everything mounted, as a container starts only then. */
export async function mountConfigMaps(client: KubeConfig, options: MountOptions): Promise<ConfigMapMount> {
  const core = client.makeApiClient(CoreV1Api)
  const { namespace, folder, lagMs = 1000 } = options
  const list = (): ReturnType<CoreV1Api['listNamespacedConfigMap']> => core.listNamespacedConfigMap({ namespace })
  let writing: Promise<unknown> = Promise.resolve()
  const sync = async (): Promise<boolean> => {
    const turn = writing.then(
      async () => await writeProjection(folder, toFiles((await list()).items, options), new Date()),
    )
    writing = turn.catch(() => {})
    return await turn
  }
  await sync()

  const timers = new Timers()
  const informer = makeInformer(client, `/api/v1/namespaces/${namespace}/configmaps`, list)
  // Events only wake; what is written is read afresh, all of it at one time.
  const wake = (): void => timers.once('sync', lagMs, () => void sync().catch(wake))
  const start = (): void => void informer.start().catch(restart)
  const restart = (): void => timers.once('start', retryMs, start)
  informer.on('change', wake)
  informer.on('error', restart)
  start()
  return {
    folder,
    sync,
    async [Symbol.asyncDispose]() {
      timers.stop()
      await informer.stop()
      await writing
    },
  }
}

export function toFiles(
  items: readonly V1ConfigMap[],
  { configMaps }: Pick<MountOptions, 'configMaps'>,
): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (const { name, path: below } of configMaps) {
    const found = items.find((item) => item.metadata?.name === name)
    const prefix = below === undefined ? '' : `${below}/`
    for (const [key, text] of Object.entries(found?.data ?? {})) files.set(prefix + key, Buffer.from(text))
    for (const [key, base64] of Object.entries(found?.binaryData ?? {}))
      files.set(prefix + key, Buffer.from(base64, 'base64'))
  }
  return files
}

/** At most one timer for each purpose, and none after the end. */
class Timers {
  readonly #pending = new Map<string, NodeJS.Timeout>()
  #stopped = false

  once(purpose: string, afterMs: number, action: () => void): void {
    if (this.#stopped || this.#pending.has(purpose)) return
    const timer = setTimeout(() => {
      this.#pending.delete(purpose)
      action()
    }, afterMs)
    this.#pending.set(purpose, timer)
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#pending.values()) clearTimeout(timer)
  }
}
