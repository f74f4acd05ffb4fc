// Session records as JSON lines in one file, appended in batches. Bounded: when the disk does not keep up or fails, the sink says
// so and calls are refused before they are sent, because what cannot be recorded is not forwarded.
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { SessionRecord } from '../../policy/evidence.ts'

export interface JsonLinesOptions {
  readonly file: string
  readonly maxQueuedBytes: number
  readonly onFailure: (error: unknown) => void
}

export class JsonLinesSink {
  readonly #options: JsonLinesOptions
  #queue: string[] = []
  #queuedBytes = 0
  #file: FileHandle | undefined
  #writing: Promise<void> | undefined
  #failed = false
  #lost = 0

  constructor(options: JsonLinesOptions) {
    this.#options = options
  }

  get isWritable(): boolean {
    return !this.#failed && this.#queuedBytes < this.#options.maxQueuedBytes
  }

  /** Records that found the queue full: calls that were under way when the sink failed. */
  get lost(): number {
    return this.#lost
  }

  append(record: SessionRecord): void {
    if (this.#queuedBytes >= this.#options.maxQueuedBytes) {
      this.#lost += 1
      return
    }
    const line = `${JSON.stringify(record)}\n`
    this.#queue.push(line)
    this.#queuedBytes += line.length
    this.#start()
  }

  /** Tries a failed file again; called by a timer of the process. */
  retry(): void {
    if (!this.#failed) return
    this.#failed = false
    this.#start()
  }

  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
    await this.#file?.close()
    this.#file = undefined
  }

  #start(): void {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
      if (this.#queue.length > 0 && !this.#failed) this.#start()
    })
  }

  async #write(): Promise<void> {
    // One turn of the event loop gathers what a burst of calls leaves behind.
    await new Promise(setImmediate)
    while (this.#queue.length > 0) {
      const batch = this.#queue.join('')
      const count = this.#queue.length
      try {
        this.#file ??= await open(this.#options.file, 'a', 0o600)
        await this.#file.appendFile(batch)
      } catch (error) {
        this.#failed = true
        this.#options.onFailure(error)
        return
      }
      this.#queue = this.#queue.slice(count)
      this.#queuedBytes -= batch.length
    }
  }
}
